package postconf

import (
	"context"
	"path/filepath"
	"strings"
)

// Setup is what matters here of Postfix's configuration.
type Setup struct {
	Version        string
	QueueDirectory string
	Services       []Service // those of master.cf that run smtpd
	main, raw      map[string]string
}

// Service is an entry of master.cf.
type Service struct {
	Name, Type string
	Chroot     bool
	own, raw   map[string]string // what it overrides with -o
}

// String names the service as "postconf -P" does.
func (s *Service) String() string { return s.Name + "/" + s.Type }

// parameters are those that are read of main.cf.
var parameters = append([]string{
	"mail_version", "queue_directory", "compatibility_level", "smtpd_delay_reject", "smtpd_sasl_auth_enable",
	"smtpd_policy_service_default_action",
}, stages...)

// Read asks postconf. Values are read twice: with the names in them replaced,
// and as they are written.
func Read(ctx context.Context, run Run) (*Setup, error) {
	texts := make([]string, 5)
	for i, args := range [][]string{
		append([]string{"-x"}, parameters...), parameters, {"-M"}, {"-x", "-P"}, {"-P"},
	} {
		var err error
		if texts[i], err = run(ctx, args...); err != nil {
			return nil, err
		}
	}
	s := &Setup{main: values(texts[0]), raw: values(texts[1])}
	s.Version, s.QueueDirectory = s.main["mail_version"], filepath.Clean(s.main["queue_directory"])
	own, raw := values(texts[3]), values(texts[4])
	for line := range strings.Lines(texts[2]) {
		if svc, ok := s.service(line); ok {
			svc.own, svc.raw = below(own, svc.String()), below(raw, svc.String())
			s.Services = append(s.Services, svc)
		}
	}
	return s, nil
}

// values reads lines of "name = value".
func values(text string) map[string]string {
	m := map[string]string{}
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(line, "=")
		m[strings.TrimSpace(name)] = strings.TrimSpace(value)
	}
	return m
}

// below returns the values of one service.
func below(all map[string]string, service string) map[string]string {
	m := map[string]string{}
	for name, value := range all {
		if name, ok := strings.CutPrefix(name, service+"/"); ok {
			m[name] = value
		}
	}
	return m
}

// service reads a line of master.cf (master(5)): name, type, private, unpriv,
// chroot, wakeup, maxproc, command.
func (s *Setup) service(line string) (Service, bool) {
	f := strings.Fields(line)
	if len(f) < 8 || filepath.Base(f[7]) != "smtpd" {
		return Service{}, false
	}
	chroot := f[4] == "y" || f[4] == "-" && (s.main["compatibility_level"] == "" || s.main["compatibility_level"] == "0")
	return Service{Name: f[0], Type: f[1], Chroot: chroot}, true
}

// value returns a parameter as it holds for a service, and whether master.cf
// says so.
func (s *Setup) value(svc *Service, name string) (value string, own bool) {
	if value, own = svc.own[name]; own {
		return value, true
	}
	return s.main[name], false
}

// written is value as it is written, with the names of others in it.
func (s *Setup) written(svc *Service, name string) string {
	if value, own := svc.raw[name]; own {
		return value
	}
	return s.raw[name]
}

func (s *Setup) yes(svc *Service, name string) (yes, own bool) {
	value, own := s.value(svc, name)
	return strings.EqualFold(value, "yes"), own
}
