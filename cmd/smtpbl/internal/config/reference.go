package config

import _ "embed" // for the reference file

//go:embed smtpbl.toml
var reference string

// Reference returns the commented configuration file that lists every key
// with its default.
func Reference() string { return reference }
