package scenario

import (
	"context"
	"embed"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

//go:embed guest
var guest embed.FS

// boot expects a machine on which all is well before smtpbl comes.
func (s *scenario) boot(ctx context.Context) (string, error) {
	if err := s.m.Settled(ctx); err != nil {
		return "", err
	}
	out, err := s.sh(ctx, `uname -r; . /etc/os-release; echo "$PRETTY_NAME"`)
	return strings.ReplaceAll(out, "\n", ", "), err
}

// lab makes the attackers' network, now and at each boot.
func (s *scenario) lab(ctx context.Context) (string, error) {
	files, err := guest.ReadDir("guest")
	if err != nil {
		return "", err
	}
	for _, entry := range files {
		f, err := guest.Open("guest/" + entry.Name())
		if err != nil {
			return "", err
		}
		err = s.m.Write(ctx, "/root/"+entry.Name(), f, 0o755)
		_ = f.Close() // it was only read, from memory
		if err != nil {
			return "", err
		}
	}
	for local, remote := range map[string]string{
		s.o.Attack: attackPath, s.o.Deb: debPath, s.o.Newer: newerPath,
	} {
		if err := s.m.Put(ctx, local, remote, 0o755); err != nil {
			return "", err
		}
	}
	err = s.do(ctx,
		"install -m 644 /root/lab.service /root/knock-at-boot.service /etc/systemd/system/",
		"systemctl daemon-reload; systemctl --quiet enable --now lab")
	if err != nil {
		return "", err
	}
	return "", s.served(ctx, s.next4().addr)
}

// Where the packages lie in the guest.
const (
	debPath   = "/root/smtpbl.deb"
	newerPath = "/root/smtpbl-newer.deb"
)

// install puts the package on a machine that never had it.
func (s *scenario) install(ctx context.Context) (string, error) {
	if err := s.do(ctx, "/root/trace.sh /root/before", "dpkg -i "+debPath); err != nil {
		return "", err
	}
	if err := s.active(ctx); err != nil {
		return "", err
	}
	if err := s.do(ctx, "systemctl is-enabled smtpbl", listTable); err != nil {
		return "", err
	}
	if failed, err := s.sh(ctx, "systemctl --failed --no-legend --plain"); err != nil || failed != "" {
		return "", fmt.Errorf("failed units: %s (%w)", failed, err)
	}
	return s.sh(ctx, "dpkg-query -W smtpbl | tr '\t' ' '")
}

// maxExposure is what issue 6 allows: 0 is open to nothing, 10 to everything.
const maxExposure = 1.5

var exposureLine = regexp.MustCompile(`exposure level for \S+: ([0-9.]+)`)

func (s *scenario) exposure(ctx context.Context) (string, error) {
	out, err := s.sh(ctx, "systemd-analyze security --no-pager smtpbl")
	if err != nil {
		return "", err
	}
	m := exposureLine.FindStringSubmatch(out)
	if m == nil {
		return "", fmt.Errorf("systemd-analyze gives no figure:\n%s", out)
	}
	figure, err := strconv.ParseFloat(m[1], 64)
	if err == nil && figure > maxExposure {
		err = fmt.Errorf("exposure %v is more than %v:\n%s", figure, maxExposure, out)
	}
	return "exposure " + m[1], err
}

// process holds the running process against what its unit says.
func (s *scenario) process(ctx context.Context) (string, error) {
	is, err := s.unit(ctx, "MainPID", "User", "CapabilityBoundingSet", "AmbientCapabilities")
	if err != nil {
		return "", err
	}
	user := is["User"]
	want, caps := map[string]string{"Seccomp": "2", "NoNewPrivs": "1"}, is["AmbientCapabilities"]
	if user == "" { // root has what it may have, others what they are given
		user, caps = "root", is["CapabilityBoundingSet"]
	}
	uid, err := s.sh(ctx, "id -u %s", user)
	if err != nil {
		return "", err
	}
	want["Uid"] = strings.Join([]string{uid, uid, uid, uid}, "\t")
	if want["CapEff"], err = mask(caps); err != nil {
		return "", err
	}
	if want["CapBnd"], err = mask(is["CapabilityBoundingSet"]); err != nil {
		return "", err
	}
	status, err := s.sh(ctx, "cat /proc/%s/status", is["MainPID"])
	if err != nil {
		return "", err
	}
	for name, value := range want {
		if !strings.Contains(status+"\n", fmt.Sprintf("\n%s:\t%s\n", name, value)) {
			return "", fmt.Errorf("%s is not %q:\n%s", name, value, status)
		}
	}
	limits, err := s.sh(ctx, "cat /proc/%s/limits", is["MainPID"])
	if err == nil && !regexp.MustCompile(`Max core file size +0 +0 `).MatchString(limits) {
		err = fmt.Errorf("it may write core dumps:\n%s", limits)
	}
	return fmt.Sprintf("user %s with %s", user, caps), err
}

// capabilities are the numbers of those that smtpbl has to do with
// (linux/capability.h).
var capabilities = map[string]uint{"cap_dac_override": 1, "cap_dac_read_search": 2, "cap_net_admin": 12}

// mask is how /proc shows a set of capabilities.
func mask(names string) (string, error) {
	var bits uint64
	for name := range strings.FieldsSeq(names) {
		n, ok := capabilities[name]
		if !ok {
			return "", fmt.Errorf("nobody expects the service to have %s", name)
		}
		bits |= 1 << n
	}
	return fmt.Sprintf("%016x", bits), nil
}

// socket expects that root may ask the service, and nobody else.
func (s *scenario) socket(ctx context.Context) (string, error) {
	const path = "/run/smtpbl/smtpbl.sock"
	if err := s.do(ctx, "smtpbl status", "test -S "+path); err != nil {
		return "", err
	}
	for _, user := range []string{"alice", "nobody", "postfix"} {
		as := "setpriv --reuid=" + user + " --regid=nogroup --clear-groups "
		if err := s.do(ctx, "! "+as+"test -w "+path, "! "+as+"smtpbl status"); err != nil {
			return "", fmt.Errorf("%s gets through: %w", user, err)
		}
	}
	return s.sh(ctx, "stat -c '%%A %%U:%%G %%n' %s", path)
}
