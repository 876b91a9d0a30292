# The official VGG in PyTorch, on one thread: what test/bench/vgg.mjs compares with, in the manner of the official code of S-TLLR.
#
#   python3 test/bench/vgg.py [--optimizer sgd|adam] [--standardise step|recording] [--rate 0.05]
#
# Weights are standardised at every step, as there, or once a recording, as in stllr. Neurons and traces go forward step by step; at a
# step that learns, autograd brings the loss's gradient down, and each layer's own backward pass gives its three-factor gradient.
# Recordings and what is counted are those of vgg.mjs. Prints one line of JSON: processor milliseconds a step.
import argparse
import json
import time

import torch
import torch.nn.functional as F

RECORDINGS, PASSES, STEPS, LEARNED, SIDE = 3, 2, 10, 5, 32
FILTERS, POOLED, CLASSES = [64, 128, 256, 256, 512, 512, 512, 512], [1, 3, 5], 11
LEAK, THRESHOLD = 0.5, 0.6
LAMBDA_POST, LAMBDA_PRE, ALPHA_POST = 0.2, 0.75, -1.0


class Neurons(torch.autograd.Function):
    """Membranes and spikes of a step; backwards, the rule's gradient of this step alone."""

    @staticmethod
    def forward(ctx, x, weight, bias, membrane, trace_in, trace_out):
        u = LEAK * membrane + F.conv2d(x, weight, bias, padding=1)
        v = u - THRESHOLD
        spikes = (v > 0).to(u.dtype)
        psi = 0.3 * torch.clamp(1 - v.abs(), min=0)
        ctx.save_for_backward(x, weight, psi, trace_in, trace_out)
        return spikes, u - THRESHOLD * spikes, psi

    @staticmethod
    def backward(ctx, signal, _membrane, _psi):
        x, weight, psi, trace_in, trace_out = ctx.saved_tensors
        causal = signal * psi

        def back(gradient, of, wanted):
            shape = [weight.shape[0]], [1, 1], [1, 1], [1, 1], False, [0, 0], 1
            return torch.ops.aten.convolution_backward(gradient, of, weight, *shape, wanted)

        # With ALPHA_PRE = 1 one call gives what passes below, the causal change and the bias's.
        below, change, bias = back(causal, trace_in, (ctx.needs_input_grad[0], True, True))
        _, noncausal, _ = back(ALPHA_POST * signal * trace_out, x, (False, True, False))
        return below, change + noncausal, bias, None, None, None


class Layer(torch.nn.Module):
    """A convolution of spiking neurons over `inputs` channels of so many pixels."""

    def __init__(self, inputs, outputs, side):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.randn(outputs, inputs, 3, 3) * (2 / (9 * inputs)) ** 0.5)
        self.gain = torch.nn.Parameter(torch.ones(outputs, 1, 1, 1))
        self.bias = torch.nn.Parameter(torch.zeros(outputs))
        self.shapes = (1, inputs, side, side), (1, outputs, side, side)

    def reset(self):
        inputs, outputs = self.shapes
        self.membrane, self.trace_out = torch.zeros(outputs), torch.zeros(outputs)
        self.trace_in = torch.zeros(inputs)
        self.standard = None

    def effective(self):
        w = self.weight
        variance, mean = torch.var_mean(w, dim=(1, 2, 3), keepdim=True)
        return self.gain * (w - mean) / torch.sqrt(variance * w[0].numel() + 1e-4)

    def forward(self, x, learns, every_step):
        if every_step or self.standard is None:
            self.standard = self.effective()
        if learns is not None:
            self.trace_in = LAMBDA_PRE * self.trace_in + x.detach()
        spikes, membrane, psi = Neurons.apply(x, self.standard, self.bias, self.membrane, self.trace_in, self.trace_out)
        self.membrane = membrane.detach()
        if learns is not None:
            self.trace_out = LAMBDA_POST * self.trace_out + psi.detach()
        return spikes


class Vgg(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layers, channels, side = torch.nn.ModuleList(), 2, SIDE
        for number, filters in enumerate(FILTERS):
            self.layers.append(Layer(channels, filters, side))
            channels, side = filters, side // 2 if number in POOLED else side
        self.readout = torch.nn.Linear(channels, CLASSES)

    def reset(self):
        for layer in self.layers:
            layer.reset()

    def forward(self, x, learns, every_step):
        for number, layer in enumerate(self.layers):
            x = layer(x, learns, every_step)
            if number in POOLED:
                x = F.max_pool2d(x, 2)
        return self.readout(x.mean(dim=(2, 3)))


def recording(seed, rate):
    """The inputs of vgg.mjs: those that spike, by the same generator."""
    state, spikes = seed, []
    for _ in range(STEPS * 2 * SIDE * SIDE):
        state = (state * 1_664_525 + 1_013_904_223) & 0xFFFFFFFF
        spikes.append(1.0 if state / 2**32 < rate else 0.0)
    return torch.tensor(spikes).reshape(STEPS, 1, 2, SIDE, SIDE)


def classify(network, steps, every_step):
    network.reset()
    with torch.no_grad():
        return sum(network(x, None, every_step) for x in steps).argmax()


def learn(network, optimizer, steps, label, every_step):
    network.reset()
    optimizer.zero_grad()
    for number, x in enumerate(steps):
        learns = number >= STEPS - LEARNED
        with torch.set_grad_enabled(learns):
            out = network(x, learns, every_step)
        if learns:
            # One graph serves all steps where weights are standardised once.
            F.cross_entropy(out, label).backward(retain_graph=not every_step)
        elif not every_step and number == STEPS - LEARNED - 1:
            for layer in network.layers:
                layer.standard = None
    optimizer.step()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--optimizer", choices=["sgd", "adam"], default="adam")
    parser.add_argument("--standardise", choices=["step", "recording"], default="step")
    parser.add_argument("--rate", type=float, default=0.05)
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(1)
    network = Vgg()
    make = torch.optim.Adam if options.optimizer == "adam" else torch.optim.SGD
    optimizer, every_step = make(network.parameters(), lr=1e-3), options.standardise == "step"
    recordings = [(recording(i + 1, options.rate), torch.tensor([i])) for i in range(RECORDINGS)]
    forward, learning = [float("inf")] * RECORDINGS, [float("inf")] * RECORDINGS
    for _ in range(PASSES):
        for i, (steps, label) in enumerate(recordings):
            begin = time.process_time()
            classify(network, steps, every_step)
            middle = time.process_time()
            learn(network, optimizer, steps, label, every_step)
            forward[i] = min(forward[i], middle - begin)
            learning[i] = min(learning[i], time.process_time() - middle)
    forward_ms = 1000 * sum(forward) / RECORDINGS / STEPS
    learn_ms = (1000 * sum(learning) / RECORDINGS - (STEPS - LEARNED) * forward_ms) / LEARNED
    parameters = sum(p.numel() for p in network.parameters())
    print(json.dumps({"torch": torch.__version__, "parameters": parameters, "forwardMs": forward_ms, "learnMs": learn_ms}))


main()
