"""Checks of the product's life: support, its end, reviews, developer modes."""
