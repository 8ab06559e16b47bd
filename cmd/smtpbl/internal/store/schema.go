package store

import (
	"errors"
	"fmt"
	"strconv"

	bolt "go.etcd.io/bbolt"
)

// schema is what the file's buckets are by today: 1, which is written nowhere,
// had none for evidence, and the window as a value. It grows when an earlier program would misread or lose
// what a later one wrote.
const schema = 2

// keySchema is where bucket meta has it, in decimal.
var keySchema = []byte("schema")

// ErrNewer means that a later smtpbl wrote the history. It is neither read in
// part nor set aside: either would lose what is in it.
var ErrNewer = errors.New("a newer smtpbl wrote the history")

// schemaOf returns the schema of a file that is not newer than this program.
func schemaOf(tx *bolt.Tx) (uint64, error) {
	meta := tx.Bucket(bucketMeta)
	if meta == nil {
		return 0, nil // a new file
	}
	text := meta.Get(keySchema)
	if text == nil {
		return 1, nil
	}
	n, err := strconv.ParseUint(string(text), 10, 32)
	switch {
	case err != nil || n == 0:
		return 0, fmt.Errorf("%w: its schema is %.20q", errDamaged, text)
	case n > schema:
		return n, fmt.Errorf("%w: its schema is %d, and this one knows %d: run the newer smtpbl, or move the file away to begin anew",
			ErrNewer, n, schema)
	}
	return n, nil
}

// known tells whether the file is of a schema that this program can read.
func (s *Store) known() error {
	return s.view(func(tx *bolt.Tx) error {
		_, err := schemaOf(tx)
		return err
	})
}
