"""How fast: the pipeline's build beside one hand-written SQL script, as ratios within one run."""
