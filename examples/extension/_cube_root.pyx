from wengert cimport Tensor, raise_error, unwrap, wrap


cdef extern from "cube_root.h":
    Tensor c_cube_root "cube_root"(const Tensor&) except +raise_error


def cube_root(input):
    """The real cube root of every element of a float32 or float64 tensor; differentiable."""
    return wrap(c_cube_root(unwrap(input)))
