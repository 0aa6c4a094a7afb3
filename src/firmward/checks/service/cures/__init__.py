"""Cures that checks of several areas share, and how safe each is: the policy is the maker's word, what it does not
declare is not allowed."""
