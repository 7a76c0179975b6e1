package durablemcp

// MinTemporalVersion is the oldest version of the Temporal server that the
// package works with: the first that tells which run a chain of runs began with.
// On an older one, calls that need it say so.
const MinTemporalVersion = "1.25.0"
