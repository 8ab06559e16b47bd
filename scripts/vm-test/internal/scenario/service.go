package scenario

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// unit returns what systemd knows of the service, by property.
func (s *scenario) unit(ctx context.Context, properties ...string) (map[string]string, error) {
	out, err := s.sh(ctx, "systemctl show smtpbl -p %s", strings.Join(properties, ","))
	if err != nil {
		return nil, err
	}
	values := map[string]string{}
	for line := range strings.Lines(out) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		values[name] = value
	}
	for _, name := range properties {
		if _, ok := values[name]; !ok {
			return nil, fmt.Errorf("systemd knows no property %s:\n%s", name, out)
		}
	}
	return values, nil
}

// active waits until the service is ready: as it is of Type=notify, systemd
// calls it active only then.
func (s *scenario) active(ctx context.Context) error {
	return s.m.Until(ctx, "the service is active", soon, func(ctx context.Context) error {
		is, err := s.unit(ctx, "Type", "ActiveState", "SubState")
		if err == nil && (!strings.HasPrefix(is["Type"], "notify") || is["ActiveState"] != "active" || is["SubState"] != "running") {
			err = fmt.Errorf("it is %v", is)
		}
		return err
	})
}

// life tells one life of the service from another.
type life struct {
	pid      string
	restarts int // by systemd, because it had failed
}

func (s *scenario) life(ctx context.Context) (life, error) {
	is, err := s.unit(ctx, "MainPID", "NRestarts")
	if err != nil {
		return life{}, err
	}
	n, err := strconv.Atoi(is["NRestarts"])
	return life{is["MainPID"], n}, err
}

// another waits until systemd has started the service again after the life
// before, and it is ready.
func (s *scenario) another(ctx context.Context, before life, within time.Duration) error {
	return s.m.Until(ctx, "systemd starts the service again", within, func(ctx context.Context) error {
		is, err := s.unit(ctx, "MainPID", "NRestarts", "ActiveState", "Result")
		if err != nil {
			return err
		}
		if is["MainPID"] == before.pid || is["NRestarts"] == strconv.Itoa(before.restarts) || is["ActiveState"] != "active" {
			return fmt.Errorf("it was %v, it is %v", before, is)
		}
		return nil
	})
}

// metrics scrapes /metrics inside the guest; the keys are names with labels.
func (s *scenario) metrics(ctx context.Context) (map[string]float64, error) {
	out, err := s.sh(ctx, `exec 3<>/dev/tcp/127.0.0.1/9725 && printf 'GET /metrics HTTP/1.0\r\n\r\n' >&3 && cat <&3`)
	if err != nil {
		return nil, err
	}
	if !strings.HasPrefix(out, "HTTP/1.0 200 ") {
		return nil, fmt.Errorf("/metrics answers %.200q", out)
	}
	values := map[string]float64{}
	for line := range strings.Lines(out) {
		name, value, ok := cutLast(strings.TrimSpace(line), " ")
		if !ok || strings.HasPrefix(line, "#") {
			continue
		}
		if v, err := strconv.ParseFloat(value, 64); err == nil { // the headers are no numbers
			values[name] = v
		}
	}
	return values, nil
}

func cutLast(text, sep string) (before, after string, ok bool) {
	i := strings.LastIndex(text, sep)
	if i < 0 {
		return text, "", false
	}
	return text[:i], text[i+len(sep):], true
}

// metric is the sum of a metric's series whose labels contain all of the words.
func (s *scenario) metric(ctx context.Context, name string, words ...string) (float64, error) {
	values, err := s.metrics(ctx)
	if err != nil {
		return 0, err
	}
	return sum(values, name, words...), nil
}

func sum(values map[string]float64, name string, words ...string) float64 {
	var total float64
	for series, value := range values {
		base, labels, _ := strings.Cut(series, "{")
		missing := slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(labels, w) })
		if base == name && !missing {
			total += value
		}
	}
	return total
}

// configFile is the package's conffile.
const configFile = "/etc/smtpbl/smtpbl.toml"

// configured does something with another configuration and brings the old one
// back, whatever happens.
func (s *scenario) configured(ctx context.Context, toml string, do func() error) (err error) {
	if err = s.do(ctx, "cp -p "+configFile+" /root/smtpbl.toml"); err != nil {
		return err
	}
	defer func() {
		if e := s.do(ctx, "cp -p /root/smtpbl.toml "+configFile); err == nil {
			err = e
		}
		if e := s.reload(ctx); err == nil {
			err = e
		}
	}()
	if err = s.write(ctx, configFile, toml); err != nil {
		return err
	}
	if err = s.reload(ctx); err != nil {
		return err
	}
	return do()
}

// write makes a text file of the guest, or changes what is in it.
func (s *scenario) write(ctx context.Context, path, text string) error {
	_, err := s.sh(ctx, "cat >%s <<'END-OF-FILE'\n%s\nEND-OF-FILE", path, strings.TrimSuffix(text, "\n"))
	return err
}

// reload waits until the service runs with the configuration that is there.
func (s *scenario) reload(ctx context.Context) error {
	const counter, good = "smtpbl_config_reloads_total", `result="success"`
	before, err := s.metric(ctx, counter, good)
	if err != nil {
		return err
	}
	if err = s.do(ctx, "systemctl reload smtpbl"); err != nil {
		return err
	}
	err = s.m.Until(ctx, "the service is reloaded", soon, func(ctx context.Context) error {
		after, err := s.metric(ctx, counter, good)
		if err == nil && after != before+1 {
			err = fmt.Errorf("%s was %v and is %v", counter, before, after)
		}
		return err
	})
	if err != nil {
		return err
	}
	return s.active(ctx)
}

// dropIn changes the unit for as long as something is done. The path is one that
// a reboot empties.
func (s *scenario) dropIn(ctx context.Context, setting string, do func() error) (err error) {
	const dir = "/run/systemd/system/smtpbl.service.d"
	if err = s.do(ctx, "mkdir -p "+dir); err != nil {
		return err
	}
	defer func() {
		if e := s.do(ctx, "rm -r "+dir+"; systemctl daemon-reload; systemctl restart smtpbl"); err == nil {
			err = e
		}
	}()
	if err = s.write(ctx, dir+"/vm-test.conf", "[Service]\n"+setting); err != nil {
		return err
	}
	if err = s.do(ctx, "systemctl daemon-reload; systemctl restart smtpbl"); err != nil {
		return err
	}
	return do()
}
