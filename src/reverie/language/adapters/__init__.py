"""The memory behind the interfaces of other programs; each file needs the package that it is named after, or none.

`mem0`, a class with mem0's method names; `langgraph`, a store for graphs; `llama_index`, a block of an agent's memory.
"""
