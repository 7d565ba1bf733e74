"""Transformations of functions: gradients, Jacobians, products with them, and vectorisation.

They compose: ``hessian(f)`` is ``jacfwd(jacrev(f))``, and ``vmap(grad(f))`` gives the gradient of
every example by itself.
"""

from ._gradients import grad, grad_and_value, value_and_grad, vjp
from ._jacobians import hessian, jacfwd, jacrev, jvp, linearize
from ._modules import functional_call, replace_all_batch_norm_modules_, stack_module_state
from ._vmap import vmap

__all__ = [
    "functional_call",
    "grad",
    "grad_and_value",
    "hessian",
    "jacfwd",
    "jacrev",
    "jvp",
    "linearize",
    "replace_all_batch_norm_modules_",
    "stack_module_state",
    "value_and_grad",
    "vjp",
    "vmap",
]
