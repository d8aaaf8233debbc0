"""The program that times nets with the real engine, and how it is fetched, built and found.

In reading order: `runtime` (what is pinned), `fetch` (how it gets here), `targets` and
`build` (the program out of it), `cache` (the folder all of it lives in), `src/` (the program itself, C++14).
"""
