package vm

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"strings"
)

// monitor runs one command of QEMU's human monitor over a QMP socket. Such a
// command tells of success by printing nothing.
func monitor(ctx context.Context, path, command string) error {
	var d net.Dialer
	c, err := d.DialContext(ctx, "unix", path)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	stop := context.AfterFunc(ctx, func() { _ = c.Close() })
	defer stop()
	// QMP greets first, and wants this command before any other.
	dec := json.NewDecoder(c)
	if err = dec.Decode(new(struct{})); err != nil {
		return fmt.Errorf("%w: %w", errMonitor, err)
	}
	if _, err = ask(c, dec, `{"execute": "qmp_capabilities"}`); err != nil {
		return err
	}
	line, err := json.Marshal(command)
	if err != nil {
		return err
	}
	answer, err := ask(c, dec, `{"execute": "human-monitor-command", "arguments": {"command-line": `+string(line)+`}}`)
	if err == nil && strings.TrimSpace(answer) != "" {
		err = fmt.Errorf("%w: %s", errMonitor, strings.TrimSpace(answer))
	}
	return err
}

// ask sends a command and returns what it returned, if that is a string. Events
// may come before.
func ask(c net.Conn, dec *json.Decoder, command string) (string, error) {
	if _, err := c.Write([]byte(command + "\n")); err != nil {
		return "", fmt.Errorf("%w: %w", errMonitor, err)
	}
	for {
		var m struct {
			Event  string          `json:"event"`
			Return json.RawMessage `json:"return"`
			Error  *struct {
				Desc string `json:"desc"`
			} `json:"error"`
		}
		if err := dec.Decode(&m); err != nil {
			return "", fmt.Errorf("%w: %w", errMonitor, err)
		}
		switch {
		case m.Error != nil:
			return "", fmt.Errorf("%w: %s", errMonitor, m.Error.Desc)
		case m.Return != nil:
			var text string
			_ = json.Unmarshal(m.Return, &text) // other commands return an object
			return text, nil
		}
	}
}
