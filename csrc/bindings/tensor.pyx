# cython: language_level=3, boundscheck=False, wraparound=False, binding=False
"""The Tensor type: operators, indexing, properties and the methods used most.

Everything else is added to it by the other extension module from the library's list of functions.
"""
cimport cython
from cpython.mem cimport PyMem_Malloc, PyMem_Free
from cpython.object cimport PyObject, Py_LT, Py_LE, Py_EQ, Py_NE, Py_GT, Py_GE
from cpython.ref cimport Py_INCREF, Py_DECREF, Py_XDECREF
from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uintptr_t
from libcpp cimport bool as cbool
from libcpp.vector cimport vector


cdef extern from "bindings/python_tensor.h" namespace "wengert::python":
    void translate "wengert::python::translate_exception"()

cdef extern from "wengert/dtype.h" namespace "wengert" nogil:
    cdef enum class DType(uint8_t):
        bool_
    size_t item_size(DType)
    const char* name_of(DType)
    cbool is_floating(DType)
    cbool is_complex(DType)

cdef extern from "wengert/scalar.h" namespace "wengert" nogil:
    cdef cppclass Scalar:
        Scalar()
        Scalar(double)
        Scalar(int64_t)

cdef extern from "tensor/impl.h" namespace "wengert" nogil:
    cdef cppclass TensorImpl:
        DType dtype
        uint8_t ndim
        uint16_t flags
        char* data
        int64_t numel
        int64_t* shape()
        int64_t* strides()
        cbool contiguous()
        cbool requires_grad()
        uint32_t version()
    cdef cppclass CTensor "wengert::Tensor":
        CTensor()
        TensorImpl* impl()
        TensorImpl* release()
        cbool defined()
        Scalar item() except +translate
        CTensor grad()
        void set_grad(CTensor) except +translate
        CTensor detach() except +translate
        void requires_grad_(cbool) except +translate
        void retain_grad() except +translate
        cbool is_leaf() except +translate
        void* data() except +translate
        int64_t storage_offset()
    uint16_t kReadOnly, kInference, kRetainsGrad, kIsView, kBatched

cdef extern from "autograd/sparse.h" namespace "wengert" nogil:
    const uint16_t kSparse

cdef extern from "bindings/python_tensor.h" namespace "wengert::python":
    int scalar_from(object, Scalar*) except -1
    object to_python(const Scalar&)
    const CTensor& as_tensor(TensorImpl*) nogil
    cbool is_large(TensorImpl*) nogil
    TensorImpl* add_call(TensorImpl*, TensorImpl*) except +translate
    TensorImpl* add_call(TensorImpl*, const Scalar&) except +translate
    TensorImpl* add_call(const Scalar&, TensorImpl*) except +translate
    TensorImpl* sub_call(TensorImpl*, TensorImpl*) except +translate
    TensorImpl* sub_call(TensorImpl*, const Scalar&) except +translate
    TensorImpl* sub_call(const Scalar&, TensorImpl*) except +translate
    TensorImpl* mul_call(TensorImpl*, TensorImpl*) except +translate
    TensorImpl* mul_call(TensorImpl*, const Scalar&) except +translate
    TensorImpl* mul_call(const Scalar&, TensorImpl*) except +translate
    TensorImpl* div_call(TensorImpl*, TensorImpl*) except +translate
    TensorImpl* div_call(TensorImpl*, const Scalar&) except +translate
    TensorImpl* div_call(const Scalar&, TensorImpl*) except +translate
    TensorImpl* lt_call(TensorImpl*, TensorImpl*) except +translate
    TensorImpl* lt_call(TensorImpl*, const Scalar&) except +translate
    TensorImpl* le_call(TensorImpl*, TensorImpl*) except +translate
    TensorImpl* le_call(TensorImpl*, const Scalar&) except +translate
    TensorImpl* gt_call(TensorImpl*, TensorImpl*) except +translate
    TensorImpl* gt_call(TensorImpl*, const Scalar&) except +translate
    TensorImpl* ge_call(TensorImpl*, TensorImpl*) except +translate
    TensorImpl* ge_call(TensorImpl*, const Scalar&) except +translate
    TensorImpl* eq_call(TensorImpl*, TensorImpl*) except +translate
    TensorImpl* eq_call(TensorImpl*, const Scalar&) except +translate
    TensorImpl* ne_call(TensorImpl*, TensorImpl*) except +translate
    TensorImpl* ne_call(TensorImpl*, const Scalar&) except +translate
    void add_in_place(TensorImpl*, TensorImpl*) except +translate
    void add_in_place(TensorImpl*, const Scalar&) except +translate
    void sub_in_place(TensorImpl*, TensorImpl*) except +translate
    void sub_in_place(TensorImpl*, const Scalar&) except +translate
    void mul_in_place(TensorImpl*, TensorImpl*) except +translate
    void mul_in_place(TensorImpl*, const Scalar&) except +translate
    void div_in_place(TensorImpl*, TensorImpl*) except +translate
    void div_in_place(TensorImpl*, const Scalar&) except +translate

cdef extern from "bindings/tensor_support.h" namespace "wengert::python":
    # The owner slot of a tensor (see wengert/detail/owner.h) and the collector's view of it.
    PyObject* owner_of(TensorImpl*)
    void set_owner(TensorImpl*, PyObject*)
    cbool has_attributes(object)
    object attributes_of(object)
    void keep_identity(TensorImpl*, object)
    object restore_identity(TensorImpl*)
    cbool is_kept(TensorImpl*)
    void drop_reference(TensorImpl*)
    uint32_t references(TensorImpl*)
    void check_layout(PyObject*, TensorImpl**, PyObject**) except *
    void install_collector(object)
    void install_attributes(object) except *
    void drop_attributes(PyObject*)
    void set_type_attribute(object, object, object)
    TensorImpl* matmul_call(TensorImpl*, TensorImpl*) except +translate
    TensorImpl* neg_call(TensorImpl*) except +translate
    TensorImpl* select_call(TensorImpl*, int64_t, int64_t) except +translate
    TensorImpl* slice_call(TensorImpl*, int64_t, object) except +translate
    TensorImpl* unsqueeze_call(TensorImpl*, int64_t) except +translate
    TensorImpl* transpose_call(TensorImpl*, int64_t, int64_t) except +translate
    TensorImpl* reverse_dims_call(TensorImpl*) except +translate
    TensorImpl* index_call(TensorImpl*, vector[CTensor]&) except +translate
    void index_put_call(TensorImpl*, vector[CTensor]&, TensorImpl*) except +translate
    void copy_call(TensorImpl*, TensorImpl*) except +translate
    void fill_call(TensorImpl*, const Scalar&) except +translate
    TensorImpl* scalar_call(const Scalar&) except +translate
    TensorImpl* data_call(TensorImpl*) except +translate
    void set_data_call(TensorImpl*, TensorImpl*) except +translate
    void detach_in_place(TensorImpl*) except +translate
    void backward_call(TensorImpl*, TensorImpl*, cbool, cbool) except +translate
    object to_list(TensorImpl*, int, const char*) except +translate
    cbool has_history(TensorImpl*) except +translate
    cbool shows_leaf(TensorImpl*)
    TensorImpl* new_sparse_call(const vector[int64_t]&, TensorImpl*, TensorImpl*, cbool) except +translate
    void set_parts_call(TensorImpl*, TensorImpl*, TensorImpl*, cbool) except +translate
    TensorImpl* sparse_indices(TensorImpl*)
    TensorImpl* sparse_values(TensorImpl*)
    cbool sparse_coalesced(TensorImpl*)
    int64_t mask_dims(TensorImpl*)


# ---- dtypes ---------------------------------------------------------------------------------

cdef class dtype:
    """The element type of a tensor, such as ``wengert.float32``."""
    cdef readonly int code
    cdef readonly str name

    @property
    def itemsize(self):
        """Bytes per element."""
        return item_size(<DType>self.code)

    @property
    def is_floating_point(self):
        return is_floating(<DType>self.code)

    @property
    def is_complex(self):
        return is_complex(<DType>self.code)

    @property
    def is_signed(self):
        return self.code >= 2

    def __repr__(self):
        return "wengert." + self.name

    def __reduce__(self):
        return _dtype_by_name, (self.name,)

    def __deepcopy__(self, memo):
        return self


cdef list _dtypes = []
cdef _make_dtypes():
    for code in range(12):
        d = <dtype>dtype.__new__(dtype)
        (<dtype>d).code = code
        (<dtype>d).name = (<bytes>name_of(<DType><int>code)).decode()
        _dtypes.append(d)
_make_dtypes()
all_dtypes = tuple(_dtypes)

def _dtype_by_name(str name):
    for d in _dtypes:
        if d.name == name:
            return d
    raise TypeError(f"dtype: expected the name of a dtype, but got {name!r}")


class Size(tuple):
    """The shape of a tensor: a tuple of ints."""
    __slots__ = ()

    def numel(self):
        """The number of elements of a tensor of this shape."""
        n = 1
        for s in self:
            n *= s
        return n

    def __repr__(self):
        return f"wengert.Size({list(self)})"

    def __getitem__(self, i):
        r = tuple.__getitem__(self, i)
        return Size(r) if type(i) is slice else r

    def __add__(self, other):
        return Size(tuple.__add__(self, tuple(other)))


# Set by the package: functions written in Python that methods call.
_repr = None
_node_of = None
_from_data = None
_hooks = None
_ops = None


# ---- tensors --------------------------------------------------------------------------------

cdef inline object wrap(TensorImpl* impl):
    """The Python object of a tensor; takes over one reference."""
    cdef PyObject* owner = owner_of(impl)
    cdef Tensor t
    if owner == NULL:
        if impl.flags & kSparse:
            return wrap_sparse(impl)
        t = Tensor.__new__(Tensor)
        t.impl = impl
        set_owner(impl, <PyObject*>t)
        return t
    if is_kept(impl):
        return restore(impl)
    result = <object>owner
    drop_reference(impl)
    return result


cdef object restore(TensorImpl* impl):
    cls, attributes = restore_identity(impl)
    # Not the subclass's own __new__, which would make another tensor.
    cdef Tensor t = Tensor.__new__(cls)
    t.impl = impl
    set_owner(impl, <PyObject*>t)
    if attributes:
        t.__dict__ = attributes
    return t


cdef inline TensorImpl* impl_of(object o) except NULL:
    cdef TensorImpl* impl = (<Tensor>o).impl
    if impl == NULL:
        raise ValueError(getattr(o, "_uninitialized", "tensor: this object was made without "
                                 "Tensor.__init__ and holds no tensor"))
    return impl


cdef inline object wrap_tensor(CTensor t):
    return wrap(t.release()) if t.defined() else None


# For the other extension module, and through wengert/__init__.pxd for those of others.
cdef api object wengert_wrap(TensorImpl* impl):
    return wrap(impl)

cdef api TensorImpl* wengert_unwrap(object o):
    return (<Tensor>o).impl if isinstance(o, Tensor) else NULL

cdef api TensorImpl* wengert_unwrap_gradient(object o):
    if isinstance(o, SparseParts):
        return (<SparseParts>o).impl
    return (<Tensor>o).impl if isinstance(o, Tensor) else NULL

cdef api int wengert_dtype_code(object o):
    return (<dtype>o).code if isinstance(o, dtype) else -1

cdef api object wengert_dtype(int code):
    return _dtypes[code]

cdef api void wengert_replace(object o, TensorImpl* impl):
    """Makes an empty object stand for the tensor; takes over one reference."""
    (<Tensor>o).impl = impl
    set_owner(impl, <PyObject*>o)


cdef api void wengert_raise() noexcept:
    """Turns the C++ exception that is being handled into a Python exception."""
    translate()


cdef inline object compare(Tensor self, object other, int op):
    cdef Scalar s
    cdef TensorImpl* b
    cdef TensorImpl* a = impl_of(self)
    if isinstance(other, Tensor):
        b = impl_of(other)
        if op == Py_LT: return wrap(lt_call(a, b))
        if op == Py_LE: return wrap(le_call(a, b))
        if op == Py_GT: return wrap(gt_call(a, b))
        if op == Py_GE: return wrap(ge_call(a, b))
        if op == Py_EQ: return wrap(eq_call(a, b))
        return wrap(ne_call(a, b))
    if not scalar_from(other, &s):
        other = array_operand(other)
        return NotImplemented if other is None else compare(self, other, op)
    if op == Py_LT: return wrap(lt_call(a, s))
    if op == Py_LE: return wrap(le_call(a, s))
    if op == Py_GT: return wrap(gt_call(a, s))
    if op == Py_GE: return wrap(ge_call(a, s))
    if op == Py_EQ: return wrap(eq_call(a, s))
    return wrap(ne_call(a, s))


cdef object array_operand(object other):
    """Arrays of other libraries beside a tensor become tensors; anything else is None."""
    if hasattr(other, "__array_interface__") and not isinstance(other, type):
        return _from_data(other)
    return None


cdef object operand(object other):
    """What the functions of the other module take beside a tensor; None where there is no such."""
    cdef Scalar s
    if isinstance(other, Tensor) or scalar_from(other, &s):
        return other
    return array_operand(other)


@cython.freelist(256)
cdef public class Tensor [object PyWengertTensor, type PyWengertTensor_Type]:
    """An n-dimensional array of one dtype that can carry the history of how it was computed.

    Make one with ``wengert.tensor``, ``wengert.zeros``, ``wengert.from_numpy`` and the like.
    """
    cdef TensorImpl* impl
    cdef PyObject* attributes  # the __dict__, made when first needed (see install_attributes)
    cdef object collected  # always None: with it Cython declares the type to the cycle collector
    cdef object __weakref__

    __array_priority__ = 1000

    def __init__(self, *args, **kwargs):
        if self.impl == NULL:
            source = <Tensor>_from_data(None, _legacy=(args, kwargs))
            # This object takes the place of the new one.
            made = impl_of(source)
            source.impl = NULL
            self.impl = made
            set_owner(made, <PyObject*>self)

    def __dealloc__(self):
        cdef TensorImpl* impl = self.impl
        if impl == NULL:
            drop_attributes(<PyObject*>self)
            return
        self.impl = NULL
        set_owner(impl, NULL)
        if references(impl) > 1 and (type(self) is not Tensor or has_attributes(self)):
            # The class and the attributes come back with the next object for this tensor.
            keep_identity(impl, (type(self), attributes_of(self)))
        drop_reference(impl)
        drop_attributes(<PyObject*>self)

    @staticmethod
    def _make_subclass(cls, Tensor data not None, requires_grad=False):
        """A tensor of a subclass over the memory of ``data``, without its history."""
        cdef Tensor t = Tensor.__new__(cls)
        cdef TensorImpl* impl = as_tensor(impl_of(data)).detach().release()
        t.impl = impl
        set_owner(impl, <PyObject*>t)
        if requires_grad:
            (<CTensor&>as_tensor(impl)).requires_grad_(True)
        return t

    def _hold(self, Tensor data not None):
        """Makes of this object, which holds no tensor yet, one over the memory of ``data``."""
        if self.impl != NULL:
            raise ValueError("tensor: this object holds a tensor already")
        cdef TensorImpl* impl = as_tensor(impl_of(data)).detach().release()
        self.impl = impl
        set_owner(impl, <PyObject*>self)

    def _shows_leaf(self):
        """Whether this is a view of a leaf that requires grad."""
        return shows_leaf(impl_of(self))

    def _swap(self, Tensor other not None):
        """Exchanges the tensors of two objects, which keep their classes and attributes."""
        cdef TensorImpl* mine = impl_of(self)
        cdef TensorImpl* theirs = impl_of(other)
        self.impl = theirs
        other.impl = mine
        set_owner(theirs, <PyObject*>self)
        set_owner(mine, <PyObject*>other)

    # ---- arithmetic

    def __add__(self, other):
        cdef Scalar s
        if isinstance(other, Tensor):
            return wrap(add_call(impl_of(self), impl_of(other)))
        if scalar_from(other, &s):
            return wrap(add_call(impl_of(self), s))
        other = array_operand(other)
        return NotImplemented if other is None else self + other

    def __radd__(self, other):
        cdef Scalar s
        if scalar_from(other, &s):
            return wrap(add_call(s, impl_of(self)))
        other = array_operand(other)
        return NotImplemented if other is None else other + self

    def __sub__(self, other):
        cdef Scalar s
        if isinstance(other, Tensor):
            return wrap(sub_call(impl_of(self), impl_of(other)))
        if scalar_from(other, &s):
            return wrap(sub_call(impl_of(self), s))
        other = array_operand(other)
        return NotImplemented if other is None else self - other

    def __rsub__(self, other):
        cdef Scalar s
        if scalar_from(other, &s):
            return wrap(sub_call(s, impl_of(self)))
        other = array_operand(other)
        return NotImplemented if other is None else other - self

    def __mul__(self, other):
        cdef Scalar s
        if isinstance(other, Tensor):
            return wrap(mul_call(impl_of(self), impl_of(other)))
        if scalar_from(other, &s):
            return wrap(mul_call(impl_of(self), s))
        other = array_operand(other)
        return NotImplemented if other is None else self * other

    def __rmul__(self, other):
        cdef Scalar s
        if scalar_from(other, &s):
            return wrap(mul_call(s, impl_of(self)))
        other = array_operand(other)
        return NotImplemented if other is None else other * self

    def __truediv__(self, other):
        cdef Scalar s
        if isinstance(other, Tensor):
            return wrap(div_call(impl_of(self), impl_of(other)))
        if scalar_from(other, &s):
            return wrap(div_call(impl_of(self), s))
        other = array_operand(other)
        return NotImplemented if other is None else self / other

    def __rtruediv__(self, other):
        cdef Scalar s
        if scalar_from(other, &s):
            return wrap(div_call(s, impl_of(self)))
        other = array_operand(other)
        return NotImplemented if other is None else other / self

    def __matmul__(self, other):
        if isinstance(other, Tensor):
            return wrap(matmul_call(impl_of(self), impl_of(other)))
        other = array_operand(other)
        return NotImplemented if other is None else self @ other

    def __rmatmul__(self, other):
        other = array_operand(other)
        return NotImplemented if other is None else other @ self

    def __neg__(self):
        return wrap(neg_call(impl_of(self)))

    def __pos__(self):
        return self.positive()

    def __abs__(self):
        return self.abs()

    def __invert__(self):
        if self.is_floating_point():
            raise TypeError(f"~: expected integers or bools, but got {self.dtype}; convert with to()")
        return self.bitwise_not()

    def __pow__(self, other, modulo):
        other = operand(other)
        return NotImplemented if other is None else self.pow(other)

    def __rpow__(self, other, modulo):
        other = operand(other)
        return NotImplemented if other is None else _ops.pow(other, self)

    def __mod__(self, other):
        other = operand(other)
        return NotImplemented if other is None else self.remainder(other)

    def __rmod__(self, other):
        other = operand(other)
        return NotImplemented if other is None else _ops.remainder(other, self)

    def __floordiv__(self, other):
        other = operand(other)
        return NotImplemented if other is None else self.floor_divide(other)

    def __rfloordiv__(self, other):
        other = operand(other)
        return NotImplemented if other is None else _ops.floor_divide(other, self)

    def __and__(self, other):
        other = operand(other)
        return NotImplemented if other is None else self.bitwise_and(other)

    def __rand__(self, other):
        other = operand(other)
        return NotImplemented if other is None else self.bitwise_and(other)

    def __or__(self, other):
        other = operand(other)
        return NotImplemented if other is None else self.bitwise_or(other)

    def __ror__(self, other):
        other = operand(other)
        return NotImplemented if other is None else self.bitwise_or(other)

    def __xor__(self, other):
        other = operand(other)
        return NotImplemented if other is None else self.bitwise_xor(other)

    def __rxor__(self, other):
        other = operand(other)
        return NotImplemented if other is None else self.bitwise_xor(other)

    def __lshift__(self, other):
        other = operand(other)
        return NotImplemented if other is None else self.bitwise_left_shift(other)

    def __rshift__(self, other):
        other = operand(other)
        return NotImplemented if other is None else self.bitwise_right_shift(other)

    def __rlshift__(self, other):
        other = operand(other)
        return NotImplemented if other is None else _ops.bitwise_left_shift(other, self)

    def __rrshift__(self, other):
        other = operand(other)
        return NotImplemented if other is None else _ops.bitwise_right_shift(other, self)

    def __ilshift__(self, other):
        return self.bitwise_left_shift_(other)

    def __irshift__(self, other):
        return self.bitwise_right_shift_(other)

    def __iadd__(self, other):
        cdef Scalar s
        if isinstance(other, Tensor):
            add_in_place(impl_of(self), impl_of(other))
        elif scalar_from(other, &s):
            add_in_place(impl_of(self), s)
        elif isinstance(other, SparseParts):
            return self.add_(other)
        else:
            other = _from_data(other)  # keeps it alive
            add_in_place(impl_of(self), impl_of(other))
        return self

    def __isub__(self, other):
        cdef Scalar s
        if isinstance(other, Tensor):
            sub_in_place(impl_of(self), impl_of(other))
        elif scalar_from(other, &s):
            sub_in_place(impl_of(self), s)
        elif isinstance(other, SparseParts):
            return self.sub_(other)
        else:
            other = _from_data(other)  # keeps it alive
            sub_in_place(impl_of(self), impl_of(other))
        return self

    def __imul__(self, other):
        cdef Scalar s
        if isinstance(other, Tensor):
            mul_in_place(impl_of(self), impl_of(other))
        elif scalar_from(other, &s):
            mul_in_place(impl_of(self), s)
        elif isinstance(other, SparseParts):
            return self.mul_(other)
        else:
            other = _from_data(other)  # keeps it alive
            mul_in_place(impl_of(self), impl_of(other))
        return self

    def __itruediv__(self, other):
        cdef Scalar s
        if isinstance(other, Tensor):
            div_in_place(impl_of(self), impl_of(other))
        elif scalar_from(other, &s):
            div_in_place(impl_of(self), s)
        else:
            other = _from_data(other)  # keeps it alive
            div_in_place(impl_of(self), impl_of(other))
        return self

    def __ipow__(self, other):
        return self.pow_(other)

    def __ifloordiv__(self, other):
        return self.floor_divide_(other)

    def __imod__(self, other):
        return self.remainder_(other)

    def __iand__(self, other):
        return self.bitwise_and_(other)

    def __ior__(self, other):
        return self.bitwise_or_(other)

    def __ixor__(self, other):
        return self.bitwise_xor_(other)

    def __richcmp__(self, other, int op):
        return compare(self, other, op)

    def __hash__(self):
        return <Py_ssize_t>(<uintptr_t><PyObject*>self >> 4)

    # ---- conversion to Python

    def item(self):
        """The value of a tensor with one element, as a Python number."""
        return to_python(as_tensor(impl_of(self)).item())

    def tolist(self):
        """The elements as nested lists of Python numbers."""
        return to_list(impl_of(self), 0, <const char*>as_tensor(impl_of(self)).data())

    def __bool__(self):
        cdef TensorImpl* t = impl_of(self)
        if t.numel != 1:
            raise RuntimeError(
                f"bool: the truth of a tensor of shape {tuple(self.shape)} is ambiguous; "
                "use any() or all()")
        return bool(to_python(as_tensor(t).item()))

    def __float__(self):
        return float(self._number())

    def __int__(self):
        return int(self._number())

    def __complex__(self):
        return complex(self._number())

    def __index__(self):
        cdef TensorImpl* t = impl_of(self)
        value = self.item() if t.numel == 1 else None
        if not isinstance(value, int):
            raise TypeError(
                "index: only tensors of one integer can be used as an index, but got shape "
                f"{tuple(self.shape)} and dtype {self.dtype}")
        return int(value)

    def _number(self):
        """The only element, for the built-in number types, from which others expect ValueError."""
        if impl_of(self).numel != 1:
            raise ValueError(
                f"expected a tensor with one element, but got shape {tuple(self.shape)}; "
                "index it or use tolist()")
        return self.item()

    def __len__(self):
        cdef TensorImpl* t = impl_of(self)
        if t.ndim == 0:
            raise TypeError("len: a 0-d tensor has no length")
        return t.shape()[0]

    def __iter__(self):
        if impl_of(self).ndim == 0:
            raise TypeError("iter: a 0-d tensor cannot be iterated over")
        return iter(self.unbind(0))

    def __contains__(self, other):
        cdef Scalar s
        if not isinstance(other, Tensor) and not scalar_from(other, &s):
            raise RuntimeError(f"in: expected a number or a tensor, but got {type(other).__name__}")
        return bool((self == other).any())

    def __repr__(self):
        return _repr(self)

    def __format__(self, str spec):
        # One number in a text is that number, as PyTorch has it; a Parameter stays one.
        if impl_of(self).ndim == 0 and (spec or type(self) is Tensor):
            return format(self.item(), spec)
        return object.__format__(self, spec) if spec else repr(self)

    # ---- description

    @property
    def shape(self):
        """The sizes of the dimensions, a wengert.Size."""
        cdef TensorImpl* t = impl_of(self)
        cdef int i
        return Size([t.shape()[i] for i in range(t.ndim)])

    def size(self, dim=None):
        """The shape, or the size of one dimension."""
        cdef TensorImpl* t = impl_of(self)
        cdef int64_t d
        if dim is None:
            return self.shape
        d = dim
        if d < -t.ndim or d >= t.ndim:
            raise IndexError(f"size: dimension out of range, expected {-t.ndim} to {t.ndim - 1} "
                             f"but got {d}")
        return t.shape()[d if d >= 0 else d + t.ndim]

    def stride(self, dim=None):
        """Elements between neighbours along each dimension, or along one."""
        cdef TensorImpl* t = impl_of(self)
        cdef int i
        strides = tuple([t.strides()[i] for i in range(t.ndim)])
        return strides if dim is None else strides[dim]

    @property
    def dtype(self):
        return _dtypes[<int>impl_of(self).dtype]

    @property
    def ndim(self):
        return impl_of(self).ndim

    def dim(self):
        """The number of dimensions."""
        return impl_of(self).ndim

    ndimension = dim

    def numel(self):
        """The number of elements."""
        return impl_of(self).numel

    def nelement(self):
        """The number of elements."""
        return impl_of(self).numel

    @property
    def itemsize(self):
        return item_size(impl_of(self).dtype)

    @property
    def nbytes(self):
        return impl_of(self).numel * item_size(impl_of(self).dtype)

    def element_size(self):
        """Bytes per element."""
        return item_size(impl_of(self).dtype)

    def storage_offset(self):
        """Elements from the start of the memory to the first element."""
        return as_tensor(impl_of(self)).storage_offset()

    def data_ptr(self):
        """The address of the first element."""
        return <uintptr_t>as_tensor(impl_of(self)).data()

    def is_contiguous(self, memory_format=None):
        """Whether the elements stand in row-major order without gaps."""
        if memory_format is not None:
            return memory_format.describes(self)
        return impl_of(self).contiguous()

    def is_floating_point(self):
        return is_floating(impl_of(self).dtype)

    def is_complex(self):
        return is_complex(impl_of(self).dtype)

    def is_signed(self):
        return <int>impl_of(self).dtype >= 2

    @property
    def _version(self):
        """How often the elements were changed in place, by this name or another."""
        if impl_of(self).flags & kInference:
            raise RuntimeError("_version: changes of tensors made in inference mode are not counted")
        return impl_of(self).version()

    # ---- autograd

    @property
    def requires_grad(self):
        """Whether gradients flow to this tensor."""
        return impl_of(self).requires_grad()

    @requires_grad.setter
    def requires_grad(self, value):
        (<CTensor&>as_tensor(impl_of(self))).requires_grad_(bool(value))

    def requires_grad_(self, requires_grad=True):
        """Sets requires_grad and returns self."""
        (<CTensor&>as_tensor(impl_of(self))).requires_grad_(bool(requires_grad))
        return self

    @property
    def is_leaf(self):
        """Whether it was made by the user, not by a recorded operation."""
        return as_tensor(impl_of(self)).is_leaf()

    @property
    def grad(self):
        """The gradient gathered by backward passes, or None."""
        return wrap_tensor(as_tensor(impl_of(self)).grad())

    @grad.setter
    def grad(self, value):
        cdef CTensor g
        if isinstance(value, SparseParts):
            g = as_tensor((<SparseParts>value).impl)
        elif value is not None:
            if not isinstance(value, Tensor):
                raise TypeError(f"grad: expected a Tensor or None, but got {type(value).__name__}")
            g = as_tensor(impl_of(value))
        (<CTensor&>as_tensor(impl_of(self))).set_grad(g)

    @grad.deleter
    def grad(self):
        cdef CTensor g
        (<CTensor&>as_tensor(impl_of(self))).set_grad(g)

    @property
    def grad_fn(self):
        """The node of the graph that made this tensor, or None."""
        return _node_of(self) if has_history(impl_of(self)) else None

    @property
    def retains_grad(self):
        return (impl_of(self).flags & kRetainsGrad) != 0

    def retain_grad(self):
        """Keeps the gradient of a tensor that is not a leaf in its grad."""
        (<CTensor&>as_tensor(impl_of(self))).retain_grad()

    def is_inference(self):
        return (impl_of(self).flags & kInference) != 0

    def _is_view(self):
        return (impl_of(self).flags & kIsView) != 0

    def detach(self):
        """The same elements without history. Shares memory."""
        return wrap_tensor(as_tensor(impl_of(self)).detach())

    def detach_(self):
        """Cuts this tensor off from its history."""
        detach_in_place(impl_of(self))
        return self

    @property
    def data(self):
        """The same elements without history and with a change counter of its own."""
        return wrap(data_call(impl_of(self)))

    @data.setter
    def data(self, Tensor value not None):
        set_data_call(impl_of(self), impl_of(value))

    def backward(self, gradient=None, retain_graph=None, create_graph=False, inputs=None):
        """Adds the gradients of this tensor with respect to the leaves it depends on to their grad.

        gradient: that of this tensor; may be left out where it has one element.
        """
        cdef TensorImpl* g = NULL
        if inputs is not None:
            return _hooks.backward(self, gradient, retain_graph, create_graph, inputs)
        if gradient is not None:
            if not isinstance(gradient, Tensor):
                raise TypeError(
                    "backward: expected the gradient to be a Tensor or None, but got "
                    f"{type(gradient).__name__}"
                )
            g = impl_of(gradient)
        if create_graph:
            _hooks.warn_of_cycle()
        backward_call(impl_of(self), g,
                      bool(create_graph) if retain_graph is None else bool(retain_graph),
                      bool(create_graph))

    # ---- shape

    @property
    def T(self):
        """All dimensions in reverse order. Shares memory."""
        return wrap(reverse_dims_call(impl_of(self)))

    @property
    def mT(self):
        """The last two dimensions swapped. Shares memory."""
        if impl_of(self).ndim == 1:
            raise RuntimeError(f"mT: expected at least 2 dimensions, but got shape {tuple(self.shape)}")
        if impl_of(self).ndim == 0:
            return wrap(reverse_dims_call(impl_of(self)))
        return wrap(transpose_call(impl_of(self), -2, -1))

    def t(self):
        """A matrix transposed; a vector or number itself. Shares memory."""
        if impl_of(self).ndim > 2:
            raise RuntimeError(f"t: expected at most 2 dimensions, but got shape {tuple(self.shape)}")
        return wrap(reverse_dims_call(impl_of(self)))

    # ---- indexing

    def __getitem__(self, key):
        cdef TensorImpl* t = impl_of(self)
        if type(key) is int:
            return wrap(select_call(t, 0, key))
        if type(key) is slice:
            return wrap(slice_call(t, 0, key))
        cdef vector[CTensor] indices
        view = basic_part(self, key, &indices)
        if indices.size() == 0:
            return view if view is not self else self.view(self.shape)
        return wrap(index_call(impl_of(view), indices))

    def __setitem__(self, key, value):
        cdef vector[CTensor] indices
        cdef Scalar s
        cdef Tensor v
        view = basic_part(self, key, &indices)
        if indices.size() == 0 and not isinstance(value, Tensor) and scalar_from(value, &s):
            fill_call(impl_of(view), s)
            return
        if isinstance(value, Tensor):
            v = value
        else:
            v = _from_data(value, dtype=self.dtype)
        if indices.size() == 0:
            # Leading dimensions of size 1 that the target does not have are dropped.
            while impl_of(v).ndim > impl_of(view).ndim and v.impl.shape()[0] == 1:
                v = v[0]
            copy_call(impl_of(view), impl_of(v))
        else:
            index_put_call(impl_of(view), indices, impl_of(v))


cdef class SparseParts:
    """What a sparse tensor is made of; `wengert.sparse` makes a class of tensors of it."""
    cdef TensorImpl* impl
    cdef object __weakref__

    def __cinit__(self, *args, **kwargs):
        self.impl = NULL

    def __init__(self, Tensor indices not None, Tensor values not None, tuple shape, bint coalesced):
        cdef vector[int64_t] sizes = shape
        if self.impl != NULL:
            raise ValueError("sparse tensor: it is made already")
        self.impl = new_sparse_call(sizes, impl_of(indices), impl_of(values), coalesced)
        set_owner(self.impl, <PyObject*>self)

    def __dealloc__(self):
        if self.impl != NULL:
            set_owner(self.impl, NULL)
            drop_reference(self.impl)

    @property
    def _parts(self):
        """(indices, values with their history, whether they are coalesced)."""
        if self.impl == NULL:
            raise ValueError("sparse tensor: this object was made without __init__")
        cdef TensorImpl* i = sparse_indices(self.impl)
        cdef TensorImpl* v = sparse_values(self.impl)
        return wrap(i), wrap(v), sparse_coalesced(self.impl)

    @property
    def shape(self):
        """The sizes of the dimensions, a wengert.Size."""
        cdef int i
        if self.impl == NULL:
            raise ValueError("sparse tensor: this object was made without __init__")
        return Size([self.impl.shape()[i] for i in range(self.impl.ndim)])

    def _set_parts(self, Tensor indices not None, Tensor values not None, bint coalesced):
        """Replaces what it is made of, of the same dtype and dimensions."""
        if self.impl == NULL:
            raise ValueError("sparse tensor: this object was made without __init__")
        set_parts_call(self.impl, impl_of(indices), impl_of(values), coalesced)


cdef object wrap_sparse(TensorImpl* impl):
    from wengert.sparse._tensor import SparseTensor
    cdef SparseParts t = SparseTensor.__new__(SparseTensor)
    t.impl = impl
    set_owner(impl, <PyObject*>t)
    return t


cdef inline bint is_bool_scalar(object item):
    """True, False, and what other libraries and 0-d tensors, bytes among them, make of them."""
    if isinstance(item, bool):
        return True
    if isinstance(item, Tensor):
        return (<Tensor>item).impl != NULL and (<Tensor>item).impl.ndim == 0 \
            and <int>(<Tensor>item).impl.dtype <= 1
    return getattr(item, "ndim", None) == 0 and str(getattr(item, "dtype", "")) == "bool"


cdef object index_tensor(object item):
    """A list, an array or a tensor among the indices, as a tensor."""
    if isinstance(item, Tensor):
        # Masks in uint8, from before there was bool.
        return item.ne(0) if item.dtype is _dtypes[1] else item
    if isinstance(item, (str, bytes, dict)) or not hasattr(item, "__getitem__"):
        error = TypeError if isinstance(item, (str, bytes)) else IndexError
        raise error(f"index: {type(item).__name__} cannot be used as an index; use integers, "
                    "slices, None, ..., masks, or lists, arrays and tensors of integers")
    index = _from_data(item)
    # What names no elements has the dtype of no numbers.
    return index.to(_dtypes[5]) if index.numel() == 0 and index.is_floating_point() else index


cdef object basic_part(Tensor self, object key, vector[CTensor]* indices):
    """Applies ints, slices, None and Ellipsis; tensors among the indices are left in `indices`."""
    cdef Tensor t = self
    cdef int64_t d = 0
    cdef int64_t covered = 0  # dimensions that the entries of `indices` stand for
    cdef Py_ssize_t named = 0
    cdef CTensor none
    if type(key) is list and any(isinstance(k, (slice, type(None), Tensor)) or k is Ellipsis or isinstance(k, list) for k in key) and not all(isinstance(k, list) for k in key):
        key = tuple(key)
    items = key if type(key) is tuple else (key,)
    for item in items:
        if type(item) is int or type(item) is slice:
            named += 1
        elif item is None or item is Ellipsis:
            continue
        elif is_bool_scalar(item):
            continue
        elif isinstance(item, Tensor) and (<Tensor>item).impl != NULL:
            named += mask_dims((<Tensor>item).impl)
        elif isinstance(item, (list, tuple)) or hasattr(item, "dtype"):
            index = index_tensor(item)  # must outlive the borrowed pointer
            named += mask_dims(impl_of(index))
        else:
            named += 1
    if named > self.impl.ndim:
        raise IndexError(f"index: too many indices for a tensor of shape {tuple(self.shape)}")
    for item in items:
        if type(item) is int:
            t = wrap(select_call(impl_of(t), d, item))
        elif type(item) is slice:
            if item != slice(None):
                t = wrap(slice_call(impl_of(t), d, item))
            d += 1
        elif item is None:
            t = wrap(unsqueeze_call(impl_of(t), d))
            d += 1
        elif item is Ellipsis:
            d += max(0, self.impl.ndim - named)
        else:
            if is_bool_scalar(item):
                t = wrap(unsqueeze_call(impl_of(t), d))
                index = _from_data([bool(item)])
            elif not isinstance(item, Tensor) and hasattr(item, "__index__") and not hasattr(item, "__len__"):
                t = wrap(select_call(impl_of(t), d, item.__index__()))
                continue
            else:
                index = index_tensor(item)
                if impl_of(index).ndim == 0 and not index.is_floating_point() and (impl_of(index).flags & kBatched) == 0:
                    t = wrap(select_call(impl_of(t), d, index.item()))
                    continue
            while covered < d:
                indices.push_back(none)
                covered += 1
            indices.push_back(as_tensor(impl_of(index)))
            d += mask_dims(impl_of(index))
            covered = d
    return t


def same_shape(Tensor a not None, Tensor b not None):
    """Whether a.shape == b.shape."""
    cdef const TensorImpl* x = impl_of(a)
    cdef const TensorImpl* y = impl_of(b)
    cdef int d
    if x.ndim != y.ndim:
        return False
    for d in range(x.ndim):
        if x.shape()[d] != y.shape()[d]:
            return False
    return True


def with_gradients(params, bint sparse=False):
    """The parameters that have a gradient, and their gradients, which may be sparse if so said."""
    cdef list having = [], grads = []
    cdef CTensor g
    for p in params:
        if not isinstance(p, Tensor):
            raise TypeError(f"optimizer: expected parameters to be tensors, but got {type(p).__name__}")
        g = as_tensor(impl_of(p)).grad()
        if g.defined():
            if g.impl().flags & kSparse and not sparse:
                raise RuntimeError("optimizer: sparse gradients are not supported by this "
                                   "optimizer; consider SparseAdam, SGD or Adagrad")
            having.append(p)
            grads.append(wrap_tensor(g))
    return having, grads


def drop_gradients(params):
    """Sets the grad of each parameter to None."""
    cdef CTensor none
    for p in params:
        if not isinstance(p, Tensor):
            raise TypeError(f"zero_grad: expected parameters to be tensors, but got {type(p).__name__}")
        (<CTensor&>as_tensor(impl_of(p))).set_grad(none)


def _add_methods(dict methods):
    """Adds attributes to the Tensor class."""
    for name, value in methods.items():
        set_type_attribute(Tensor, name, value)


def _set_callbacks(repr_function, node_function, data_function, hooks, ops):
    global _repr, _node_of, _from_data, _hooks, _ops
    _ops = ops
    _repr = repr_function
    _node_of = node_function
    _from_data = data_function
    _hooks = hooks


def _check_layout():
    cdef Tensor t = Tensor.__new__(Tensor)
    check_layout(<PyObject*>t, &t.impl, &t.attributes)


_check_layout()
install_collector(Tensor)
install_attributes(Tensor)
