# What Cython modules share with wengert: C++ tensors, and the Python objects that stand for them.
#
#   from wengert cimport Tensor, raise_error, unwrap, wrap
#
#   cdef extern from "my_operation.h":
#       Tensor my_operation(const Tensor&) except +raise_error
#
#   def operation(x):
#       return wrap(my_operation(unwrap(x)))
#
# Modules are compiled as C++20 against the package's headers and its library (find_package(wengert)).

from libc.stdint cimport int64_t, uint8_t
from libcpp cimport bool as cbool

from wengert._tensor cimport TensorImpl, wengert_raise, wengert_unwrap, wengert_wrap


cdef extern from "wengert/tensor.h" namespace "wengert" nogil:
    cdef enum class DType(uint8_t):
        bool_
        uint8
        int8
        int16
        int32
        int64
        float16
        bfloat16
        float32
        float64
        complex64
        complex128

    cdef cppclass Dims:
        Dims()
        Dims(const int64_t* data, size_t size)
        size_t size()
        int64_t operator[](size_t i)

    cdef cppclass Tensor:
        Tensor()
        Tensor(const Tensor&)
        @staticmethod
        Tensor share(TensorImpl* impl)
        TensorImpl* release()
        cbool defined()
        DType dtype()
        int64_t dim()
        int64_t numel()
        Dims shape()
        Dims strides()
        cbool is_contiguous()
        cbool requires_grad()
        void* data() except +wengert_raise
        Tensor contiguous() except +wengert_raise
        Tensor to(DType dtype) except +wengert_raise
        Tensor clone() except +wengert_raise
        Tensor detach() except +wengert_raise


# Turns the C++ exception that is being handled into the Python exception of the same name.
cdef inline void raise_error() noexcept:
    wengert_raise()


# The Python object of a tensor; None for an undefined one.
cdef inline object wrap(Tensor t):
    return wengert_wrap(t.release()) if t.defined() else None


# The tensor of a Python object; TypeError if it is something else.
cdef inline Tensor unwrap(object o) except *:
    cdef TensorImpl* impl = wengert_unwrap(o)
    if impl == NULL:
        raise TypeError(f"expected a wengert.Tensor, but got {type(o).__name__}")
    return Tensor.share(impl)
