package parse

// A Detector is an administrator's own pattern.
type Detector struct{}
