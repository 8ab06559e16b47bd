package lab

import (
	"fmt"
	"io"
	"net"
)

// sshBanner is what the listener on port 22 says. It stands in for sshd: all
// that matters is that the port is no mail port and answers.
const sshBanner = "SSH-2.0-laboratory\r\n"

// listenSSH answers on port 22 of the mail server until the program ends.
func (l *Lab) listenSSH() error {
	var listener net.Listener
	err := l.MX.Do(func() error {
		var err error
		listener, err = net.Listen("tcp", ":22")
		return err
	})
	if err != nil {
		return fmt.Errorf("listen on port 22: %w", err)
	}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(conn, sshBanner) // the client may be gone
			_ = conn.Close()
		}
	}()
	return nil
}
