"""The pages: short, without SQL and without logic. They read through `queries` and write through `commands`."""
