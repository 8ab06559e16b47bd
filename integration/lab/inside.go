package lab

import (
	"fmt"
	"os"
	"strings"
)

// inside builds the rest around the program, which by now runs in the
// namespaces.
func inside(o *Options) (*Lab, error) {
	for _, v := range []string{stageVar, binaryVar, builtVar} {
		if err := os.Unsetenv(v); err != nil {
			return nil, fmt.Errorf("clean the environment: %w", err)
		}
	}
	l := &Lab{say: o.say}
	if err := writeNames(); err != nil {
		return nil, err
	}
	if err := l.connect(); err != nil {
		return nil, err
	}
	if o.program() {
		if err := l.makeUser(); err != nil {
			return nil, err
		}
	}
	o.say("network: mail server %s and %s, attacker %s and %s, neighbour %s and %s",
		Server4, Server6, AttackNet4, AttackNet6, NeighbourNet4, NeighbourNet6)
	if o.Packages != nil {
		return l, nil
	}
	if err := l.startMail(); err != nil {
		return nil, err
	}
	return l, nil
}

// writeNames makes every name come from /etc/hosts: no name server can be
// reached, and waiting for one would only cost time.
func writeNames() error {
	hosts := fmt.Sprintf("127.0.0.1 localhost\n::1 localhost\n%s %s mx1\n%s %s mx1\n",
		Server4, HostName, Server6, HostName)
	for name, text := range map[string]string{
		"/etc/hosts":       hosts,
		"/etc/hostname":    HostName + "\n",
		"/etc/mailname":    HostName + "\n",
		"/etc/resolv.conf": "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n",
	} {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			return fmt.Errorf("write names: %w", err)
		}
	}
	return filesOnly("/etc/nsswitch.conf")
}

// filesOnly leaves "files" as the only place where hosts are looked up.
func filesOnly(name string) error {
	text, err := os.ReadFile(name)
	if err != nil {
		return fmt.Errorf("write names: %w", err)
	}
	lines := []string{"hosts: files"}
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, "hosts:") {
			lines = append(lines, strings.TrimSuffix(line, "\n"))
		}
	}
	if err := os.WriteFile(name, []byte(strings.Join(lines, "\n")+"\n"), 0o644); err != nil {
		return fmt.Errorf("write names: %w", err)
	}
	return nil
}
