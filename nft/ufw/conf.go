package ufw

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// setting reads a variable of one of ufw's files, which are shell scripts that
// set variables. The last assignment counts; "" stands for none.
func setting(path, name string) (string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("read the settings of ufw: %w", err)
	}
	value := ""
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(strings.TrimSpace(line), name+"="); ok {
			rest, _, _ = strings.Cut(rest, "#")
			value = strings.Trim(strings.TrimSpace(rest), `"'`)
		}
	}
	return value, nil
}

// filtersIPv6 refuses an ufw that would not load before6.rules.
func (h *Harness) filtersIPv6() error {
	value, err := setting(h.defaults, "IPV6")
	if err == nil && !strings.EqualFold(value, "yes") {
		err = fmt.Errorf("%w: %s has IPV6=%s", ErrNoIPv6, h.defaults, value)
	}
	return err
}

// enabled tells whether ufw is loaded at boot.
func (h *Harness) enabled() bool {
	value, err := setting(filepath.Join(h.etc, "ufw.conf"), "ENABLED")
	return err == nil && strings.EqualFold(value, "yes") // without the file ufw does not start
}
