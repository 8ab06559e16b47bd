package main

import (
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"time"

	"github.com/smtpbl/smtpbl/integration/lab"
)

func main() {
	l, err := lab.Enter(lab.Options{Say: func(f string, a ...any) { fmt.Printf(f+"\n", a...) }})
	if err != nil {
		fmt.Println("ERR", err)
		os.Exit(1)
	}
	for _, from := range []string{"198.51.100.7", "2001:db8:bad:7::7"} {
		a := netip.MustParseAddr(from)
		for _, p := range []uint16{25, 465, 587} {
			for _, m := range lab.Mechanisms {
				for _, pw := range []string{"wrong", "secret1"} {
					t := time.Now()
					c, err := l.Attacker.Login(a, p, m, "alice", pw)
					fmt.Println(a, p, m, pw, c, err, time.Since(t))
				}
			}
		}
		d, err := l.Attacker.Dropped(a, 25)
		fmt.Println(d, err)
		fmt.Println(l.Attacker.Greeting(a, 22, time.Second))
		fmt.Println(l.Attacker.Greeting(a, 23, time.Second))
	}
	c := exec.Command("sh", "-c", "cat /var/log/mail.log; ls /var/cache/smtpbl-lab")
	c.Stdout = os.Stdout
	c.Stderr = os.Stderr
	c.Run()
}
