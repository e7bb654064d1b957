"""Benchmarks: one module per name, each with `run(scale) -> dict`; figures are ratios within one run."""
