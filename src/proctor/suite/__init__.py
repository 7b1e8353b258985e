"""The suite, by the name that pytest knows it: `pytest --pyargs proctor.suite --impl=PATH`.

In the wheel it stands below this package, with the spec and the reference; in a checkout, at the top.
"""
