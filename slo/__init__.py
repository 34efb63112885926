"""What the shop promises, and the code that gives a promise its meaning; imports nothing else of ours."""
