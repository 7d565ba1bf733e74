# The C functions of the compiled module, for wengert/__init__.pxd.

cdef extern from "wengert/tensor.h" namespace "wengert" nogil:
    cdef cppclass TensorImpl:
        pass

cdef object wengert_wrap(TensorImpl* impl)  # takes over one reference
cdef TensorImpl* wengert_unwrap(object o)  # borrowed; NULL: not a tensor
cdef void wengert_raise() noexcept
