"""Special functions."""

from __future__ import annotations

from . import _core

_ops = _core.ops

# Here -> in the core, where the names differ.
_other_names = {
    "digamma": "digamma",
    "entr": "entr",
    "erf": "erf",
    "erfc": "erfc",
    "erfinv": "erfinv",
    "exp2": "exp2",
    "expit": "sigmoid",
    "expm1": "expm1",
    "gammaln": "lgamma",
    "gammainc": "igamma",
    "gammaincc": "igammac",
    "i0": "i0",
    "i0e": "i0e",
    "i1": "i1",
    "i1e": "i1e",
    "log1p": "log1p",
    "log_ndtr": "log_ndtr",
    "log_softmax": "log_softmax",
    "logit": "logit",
    "logsumexp": "logsumexp",
    "multigammaln": "mvlgamma",
    "ndtr": "ndtr",
    "ndtri": "ndtri",
    "polygamma": "polygamma",
    "psi": "digamma",
    "round": "round",
    "sinc": "sinc",
    "softmax": "softmax",
    "xlog1py": "_xlog1py",
    "xlogy": "xlogy",
}
for _name, _of in _other_names.items():
    if hasattr(_ops, _of):
        globals()[_name] = getattr(_ops, _of)

__all__ = [n for n in _other_names if n in globals()]
