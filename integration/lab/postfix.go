package lab

import (
	"errors"
	"net/netip"
	"net/textproto"
)

// Postfix calls postconf(1) with each list of arguments, on top of the
// laboratory's own configuration, and starts Postfix anew.
func (l *Lab) Postfix(changes ...[]string) error {
	for _, name := range []string{"main.cf", "master.cf"} {
		if err := render("/etc/postfix/"+name, name); err != nil {
			return err
		}
	}
	for _, args := range changes {
		if err := l.MX.Run("postconf", args...); err != nil {
			return err
		}
	}
	return l.RestartPostfix()
}

// RestartPostfix starts Postfix anew.
func (l *Lab) RestartPostfix() error {
	if err := l.MX.Run("postfix", "stop"); err != nil {
		return err
	}
	return l.startPostfix()
}

// Mail hands in a mail for a local user without logging in, as other mail
// servers do, and returns the answer that ended it.
func (h *Host) Mail(from netip.Addr, port uint16) (Code, string, error) {
	s, err := h.Connect(from, port)
	if err == nil {
		defer s.close()
		err = s.Send("somebody@"+HostName, "postmaster@"+HostName)
	}
	if refused, ok := errors.AsType[*textproto.Error](err); ok {
		return Code(refused.Code), refused.Msg, nil
	}
	return CodeTaken, "", err
}

// The codes of mail.
const (
	CodeTaken    Code = 250 // the mail was taken
	CodeDeferred Code = 450 // it may be handed in later
	CodeTrouble  Code = 451 // the server cannot tell now
	CodeRejected Code = 554
)
