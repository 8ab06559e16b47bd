// Package unit holds the systemd unit of the service. Each setting in it says
// why it is there.
package unit

import (
	_ "embed" // for the unit
	"strings"
)

//go:embed smtpbl.service
var template string

// templatePath is the program's path in the embedded file.
const templatePath = "/usr/local/sbin/smtpbl"

// Unit returns the unit for a program that is installed at binaryPath, which
// must be absolute.
func Unit(binaryPath string) string {
	return strings.ReplaceAll(template, templatePath, escape(binaryPath))
}

// escape keeps systemd from reading a path as a specifier, a variable or
// several words (systemd.service(5), "Command lines").
func escape(path string) string {
	path = strings.NewReplacer(`%`, `%%`, `$`, `$$`, `\`, `\\`, `"`, `\"`).Replace(path)
	if strings.ContainsAny(path, " \t'") {
		return `"` + path + `"`
	}
	return path
}
