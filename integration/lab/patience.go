package lab

import (
	"os"
	"strconv"
	"time"
)

// patienceVar is how many times slower than usual this machine is, a whole
// number; a machine whose processor is emulated sets it.
const patienceVar = "SMTPBL_SLOW"

// Patience makes a deadline longer where $SMTPBL_SLOW says that the machine is
// slow. It is for deadlines only: what is measured stays as it is.
func Patience(d time.Duration) time.Duration {
	if n, err := strconv.Atoi(os.Getenv(patienceVar)); err == nil && n > 1 {
		return d * time.Duration(n)
	}
	return d
}
