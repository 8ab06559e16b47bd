package exempt

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

const (
	postconfPatience = 5 * time.Second
	maxPostconf      = 256 << 10
	// postconfPath is where it is where PATH does not tell.
	postconfPath = "/usr/sbin/postconf"
)

// Postconf returns the value of Postfix's mynetworks, with the parameters in it
// replaced by their values (postconf(1), -h and -x).
func Postconf(ctx context.Context) (string, error) {
	program, err := exec.LookPath("postconf")
	if err != nil {
		program = postconfPath
	}
	return postconf(ctx, program)
}

func postconf(ctx context.Context, program string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, postconfPatience)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, "-hx", "mynetworks")
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	cmd.WaitDelay = time.Second
	out, said := &bounded{}, &bounded{}
	cmd.Stdout, cmd.Stderr = out, said
	err := cmd.Run()
	switch {
	case ctx.Err() != nil:
		return "", fmt.Errorf("ask %s: %w", program, ctx.Err())
	case err != nil:
		text, _, _ := strings.Cut(said.kept.String(), "\n")
		return "", fmt.Errorf("ask %s: %w: %s", program, err, text)
	case out.over:
		return "", fmt.Errorf("ask %s: %w", program, errors.New("the answer is too long"))
	}
	return out.kept.String(), nil
}

// bounded keeps no more than maxPostconf bytes of what is written to it. The
// buffer is not embedded, for its ReadFrom knows no bound.
type bounded struct {
	kept bytes.Buffer
	over bool
}

func (b *bounded) Write(p []byte) (int, error) {
	room := min(maxPostconf-b.kept.Len(), len(p))
	b.over = b.over || room < len(p)
	_, _ = b.kept.Write(p[:room])
	return len(p), nil
}
