package run

// Harmless is harmless.
var Harmless = harmless
