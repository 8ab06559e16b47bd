package lab

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// UFWDir is where ufw has its rules.
const UFWDir = "/etc/ufw"

// IPTables lists the flavours of iptables that ufw can work with.
var IPTables = []string{"nft", "legacy"}

// ChooseIPTables makes the flavour the one that the plain names mean.
func (l *Lab) ChooseIPTables(flavour string) error {
	for _, tool := range []string{"iptables", "ip6tables"} {
		if err := l.MX.Run("update-alternatives", "--set", tool, "/usr/sbin/"+tool+"-"+flavour); err != nil {
			return err
		}
	}
	return nil
}

// UFW runs a command of ufw on the mail server, without its asking back.
func (l *Lab) UFW(args ...string) error {
	if slices.Contains([]string{"enable", "reset"}, args[0]) { // the others refuse the option
		args = append([]string{"--force"}, args...)
	}
	return l.MX.Run("ufw", args...)
}

// ResetUFW gives the mail server ufw as it comes from the package: disabled,
// with its own rules files, nothing of it in the kernel, and with the mail ports
// and port 22 allowed.
func (l *Lab) ResetUFW() error {
	if err := l.UFW("reset"); err != nil {
		return err
	}
	backups, err := filepath.Glob(UFWDir + "/*.rules.*")
	if err != nil {
		return fmt.Errorf("find what ufw kept: %w", err)
	}
	for _, path := range backups {
		if err := os.Remove(path); err != nil {
			return fmt.Errorf("remove what ufw kept: %w", err)
		}
	}
	if err := l.ClearUFW(); err != nil {
		return err
	}
	if err := keepKernelValues(); err != nil {
		return err
	}
	return l.UFW("allow", "22,25,465,587/tcp")
}

// ClearUFW takes all rules of both flavours out of the kernel, whatever ufw
// thinks.
func (l *Lab) ClearUFW() error {
	// Without --noflush, iptables-restore replaces the whole table.
	const empty = `printf '*filter\n:INPUT ACCEPT\n:FORWARD ACCEPT\n:OUTPUT ACCEPT\nCOMMIT\n' | `
	errs := make([]error, 0, 2*len(IPTables))
	for _, tool := range []string{"iptables", "ip6tables"} {
		for _, flavour := range IPTables {
			errs = append(errs, l.MX.Run("sh", "-c", empty+tool+"-"+flavour+"-restore"))
		}
	}
	return errors.Join(errs...)
}

// keepKernelValues keeps ufw from setting values below /proc/sys/net, which are
// the laboratory's.
func keepKernelValues() error {
	const name = "/etc/default/ufw"
	text, err := os.ReadFile(name)
	if err != nil {
		return fmt.Errorf("configure ufw: %w", err)
	}
	changed := strings.Replace(string(text), "\nIPT_SYSCTL=", "\n#IPT_SYSCTL=", 1)
	if err := os.WriteFile(name, []byte(changed), 0o644); err != nil {
		return fmt.Errorf("configure ufw: %w", err)
	}
	return nil
}
