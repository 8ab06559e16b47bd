package scenario

import "context"

// renamed rotates as Debian does: the log gets another name, and rsyslog begins
// a new one.
func (s *scenario) renamed(ctx context.Context) (string, error) {
	return "", s.rotated(ctx, s.next4(), "logrotate -f /etc/logrotate.d/rsyslog",
		`test "$(stat -c %i /var/log/mail.log.1)" = "$before"`)
}

// truncated rotates as some administrators do: the log is copied and cut.
func (s *scenario) truncated(ctx context.Context) (string, error) {
	const config = "/root/copytruncate.conf"
	if err := s.write(ctx, config, "/var/log/mail.log {\n\tcopytruncate\n\trotate 3\n}"); err != nil {
		return "", err
	}
	return "", s.rotated(ctx, s.next6(), "chmod 644 "+config+"; logrotate -f -s /root/copytruncate.state "+config,
		`test "$(stat -c %i /var/log/mail.log)" = "$before"`)
}

// rotated rotates in the middle of an attack. proof holds the number of the
// log's inode before against what is there now.
func (s *scenario) rotated(ctx context.Context, a attacker, rotate, proof string) error {
	return s.exactly(ctx, a, func() error {
		return s.do(ctx, "set -e; before=$(stat -c %i /var/log/mail.log); "+rotate+"; "+proof)
	})
}
