package main

import "slices"

// mailboxRun lets the clients loose on IMAP and POP3.
func mailboxRun(r *rig) error {
	if err := r.listens(143, 110); err != nil {
		return err
	}
	if err := hold(r.Lab, &imap, imapTalks()); err != nil {
		return err
	}
	return hold(r.Lab, &pop3, pop3Talks())
}

// imapTalks is what the clients do with an IMAP server on port 143.
func imapTalks() []talk {
	return slices.Concat([]talk{
		onMail(1, 143, say("LOGIN alice guess"), say("LOGOUT")),
		onMail(2, 143, plain(account, "guess"), say("LOGOUT")),
		onMail(3, 143, login("LOGIN", account, "guess"), say("LOGOUT")),
		onMail(4, 143, cram(account, "guess"), say("LOGOUT")),
		onMail(7, 143, append(repeat(4, say("LOGIN alice guess")), say("LOGOUT"))...),
		onMail(8, 143, say("LOGIN alice guess"), reset),
		onMail(9, 143, say(`LOGIN "x) y, ip=[::ffff:`+victim+`]" guess`), say("LOGOUT")),
		onMail(10, 143, say(`LOGIN "x [`+victim+`] plaintext y" guess`), say("LOGOUT")),
		onMail(11, 143, responding("PLAIN", "!!not*base64!!"), say("LOGOUT")),
		onMail(12, 143, responding("PLAIN", "*"), say("LOGOUT")),
		onMail(13, 143, say("AUTHENTICATE NTLM"), say("LOGOUT")),
		onMail(14, 143, say("AUTHENTICATE PLAIN"), reset),
		onMail(15, 143, reset),
		onMail(16, 143, say("LOGOUT")),
		onMail(17, 143, push("GET / HTTP/1.1\r\nHost: "+victim+"\r\n\r\n"), hear, reset),
		onMail(18, 143, helloTLS, reset),
		onMail(19, 143, append(repeat(12, say("RUBBISH")), say("LOGOUT"))...),
		{from: bad6(7), port: 143, steps: []step{greet, say("LOGIN alice guess"), say("LOGOUT")}},
		{from: bad6(8), port: 143, steps: []step{greet, say("LOGIN nobody guess"), say("LOGOUT")}},
		{from: good4(4), port: 143, steps: []step{greet, say("LOGIN alice " + password), say("LOGOUT")}},
		{from: good4(5), port: 143, steps: []step{greet, plain(account, password), say("LOGOUT")}},
		{from: good4(6), port: 143, steps: []step{greet, plain(account, "typo"), plain(account, password), say("LOGOUT")}},
		{from: good4(7), port: 143, steps: []step{greet, cram(account, password), reset}},
		{from: good6, port: 143, steps: []step{greet, plain(account, password), say("LOGOUT")}},
	}, mailStrangers(143, "LOGOUT"))
}

// pop3Talks is what the clients do with a POP3 server on port 110.
func pop3Talks() []talk {
	pass := func(user, password string) step {
		return func(c *client) error {
			if err := say("USER " + user)(c); err != nil {
				return err
			}
			return say("PASS " + password)(c)
		}
	}
	return slices.Concat([]talk{
		onMail(1, 110, pass(account, "guess"), say("QUIT")),
		onMail(2, 110, plain(account, "guess"), say("QUIT")),
		onMail(3, 110, login("LOGIN", account, "guess"), say("QUIT")),
		onMail(4, 110, cram(account, "guess"), say("QUIT")),
		onMail(7, 110, append(repeat(4, pass(account, "guess")), say("QUIT"))...),
		onMail(8, 110, pass(account, "guess"), reset),
		onMail(9, 110, pass("x, ip=[::ffff:"+victim+"]", "guess"), say("QUIT")),
		onMail(11, 110, responding("PLAIN", "!!not*base64!!"), say("QUIT")),
		onMail(12, 110, responding("PLAIN", "*"), say("QUIT")),
		onMail(13, 110, say("AUTH NTLM"), say("QUIT")),
		onMail(14, 110, say("USER alice"), reset),
		onMail(15, 110, reset),
		onMail(16, 110, say("QUIT")),
		onMail(17, 110, push("GET / HTTP/1.1\r\nHost: "+victim+"\r\n\r\n"), hear, reset),
		onMail(18, 110, say("APOP alice 0123456789abcdef0123456789abcdef"), say("QUIT")),
		{from: bad6(7), port: 110, steps: []step{greet, pass(account, "guess"), say("QUIT")}},
		{from: good4(4), port: 110, steps: []step{greet, pass(account, password), say("QUIT")}},
		{from: good4(6), port: 110, steps: []step{greet, pass(account, "typo"), pass(account, password), say("QUIT")}},
		{from: good6, port: 110, steps: []step{greet, plain(account, password), say("QUIT")}},
	}, mailStrangers(110, "QUIT"))
}

// onMail is one talk that begins with the server's greeting.
func onMail(from byte, port uint16, steps ...step) talk {
	return talk{from: bad4(from), port: port, steps: append([]step{greet}, steps...)}
}

// mailStrangers are unknown users who log in by PLAIN.
func mailStrangers(port uint16, bye string) []talk {
	talks := make([]talk, len(strangers))
	for i, user := range strangers {
		talks[i] = onMail(byte(20+i), port, plain(user, "guess"), say(bye))
	}
	return talks
}
