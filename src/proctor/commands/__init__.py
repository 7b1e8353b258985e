"""The commands of `proctor`, a file for each family; they say in one line what is wrong, and with which exit status."""
