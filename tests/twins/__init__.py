"""Plain twins of the compiled kernels: a file per file of `trabecula.kernels`, a function per kernel.

A twin takes what its kernel takes and changes it in place, written from docstring and equations,
obvious rather than fast. Twins may know numpy, scipy and `trabecula.base`, never the kernels.
"""
