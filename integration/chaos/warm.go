package main

import (
	"errors"
	"time"

	"github.com/smtpbl/smtpbl/integration/lab"
)

// warmWait is how long it may take until the network knows its neighbours.
const warmWait = 10 * time.Second

// warm sends until packets of both families are answered: the first wait for
// neighbour discovery, which may take a second and lose some of them.
func (c *campaign) warm() error {
	made := c.sources.begin(either, host4(253, 1), host6(64_000, 1))
	defer c.sources.end(made...)
	waiting := map[int]bool{made[0].number: true, made[1].number: true}
	return lab.Until("the server answers", warmWait, func() error {
		for _, p := range c.machine.Take(c.machine.Now() - patience/10) {
			if p.Answered > 0 {
				delete(waiting, p.Source)
			}
		}
		if len(waiting) > 0 {
			return errors.New("not in both families")
		}
		return nil
	})
}
