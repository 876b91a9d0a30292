//! What deep networks need and others do not: left out of builds without the feature `deep`, to keep them small.
//!
//! A value that only deep networks have is held as [`Deep`]. Without the feature there is no such value, so the compiler drops
//! every branch that would use one, and no code need ask for the feature. Such values begin in two places: where a spec is
//! read, by [`deep`], and from one another, by [`derive`].

/// Is this a build with everything?
pub const DEEP: bool = cfg!(feature = "deep");

/// A `T`, in a build with everything.
#[cfg(feature = "deep")]
pub type Deep<T> = T;

/// A `T` that cannot be.
#[cfg(not(feature = "deep"))]
pub type Deep<T> = absent::Absent<T>;

/// A deep value where this build has such, else none.
#[inline(always)]
pub fn deep<T>(value: T) -> Option<Deep<T>> {
    #[cfg(feature = "deep")]
    return Some(value);
    #[cfg(not(feature = "deep"))]
    return {
        drop(value);
        None
    };
}

/// What is made from a deep value is one.
#[inline(always)]
pub fn derive<T, U>(from: &Deep<T>, make: impl FnOnce(&T) -> U) -> Deep<U> {
    #[cfg(feature = "deep")]
    return make(from);
    #[cfg(not(feature = "deep"))]
    return {
        let _ = make;
        from.never()
    };
}

#[cfg(not(feature = "deep"))]
mod absent {
    use core::convert::Infallible;
    use core::marker::PhantomData;
    use core::ops::{Deref, DerefMut};

    /// Stands for a `T` and is never there.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Absent<T>(Infallible, PhantomData<T>);

    impl<T> Absent<T> {
        /// Anything, as this is never reached.
        pub fn never<U>(&self) -> U {
            match self.0 {}
        }
    }

    impl<T> Deref for Absent<T> {
        type Target = T;

        fn deref(&self) -> &T {
            self.never()
        }
    }

    impl<T> DerefMut for Absent<T> {
        fn deref_mut(&mut self) -> &mut T {
            self.never()
        }
    }
}
