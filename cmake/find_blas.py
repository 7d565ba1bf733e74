"""Prints the paths of scipy-openblas32's library and licence as a CMake list, or nothing."""

import importlib.metadata
import pathlib

try:
    import scipy_openblas32 as blas
except ImportError:
    pass
else:
    library = pathlib.Path(blas.get_lib_dir(), blas.get_library(fullname=True))
    files = importlib.metadata.files("scipy-openblas32") or []
    (license_file,) = (f.locate() for f in files if f.name == "LICENSE.txt")
    print(library, license_file, sep=";")
