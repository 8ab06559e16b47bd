// Package unit holds the systemd unit of the service and the user that it runs
// as. Each setting says why it is there.
package unit

import (
	_ "embed" // for the unit and its user
	"strings"
)

//go:embed smtpbl.service
var template string

// Sysusers is the service's user, as sysusers.d(5) wants it.
//
//go:embed sysusers.conf
var Sysusers string

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
