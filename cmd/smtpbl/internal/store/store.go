// Package store keeps what must outlive the service: who was banned, how
// often and until when, how far each log was read, and the Engine's window.
// It is one bbolt file, so each call is one transaction: after a crash or a
// power cut the file holds either all of a call or nothing of it. Only the window,
// which is large and new each time, is a file beside it, see Window.
//
// The store holds what is wanted; the kernel holds what is enforced. A
// damaged file is set aside, never repaired by guessing: the service then
// starts with an empty store and adopts the bans that stand in the kernel.
package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/smtpbl/smtpbl/ingest"
	"github.com/smtpbl/smtpbl/nft"
)

// FileName is the store's file inside state_dir.
const FileName = "history.db"

// ErrLocked means that another process has the store open.
var ErrLocked = errors.New("another smtpbl has the history open")

// lockWait is how long Open waits for another process to let go, such as a
// predecessor that is still writing its last checkpoint.
const lockWait = 3 * time.Second

// readWait is how long Read waits; what it reads is only of interest, not
// needed.
const readWait = 100 * time.Millisecond

var (
	// Each layer has a bucket of its own. The first one is older than the
	// layers: what it holds of bans by hand stays where it stands in the
	// kernel, among those of the policy, until it ends.
	layerBuckets = [][]byte{nft.LayerPolicy: []byte("bans"), nft.LayerManual: []byte("manual"), nft.LayerAll: []byte("all")}

	bucketMeta  = []byte("meta")
	keyPlaces   = []byte("positions")
	keyWindow   = []byte("window")
	keySnapshot = []byte("snapshot") // of an earlier program, in place of a file
)

// Store is an open history file. Its methods may be called from one
// goroutine at a time, but Evidence and Get from any.
type Store struct {
	db   *bolt.DB
	dir  string
	file os.FileInfo // of the file that is open

	window     *Window       // that the history names; nil for none
	lastWindow atomic.Uint64 // the last number that was given to one
}

// State is where reading the logs stopped when the store was closed.
type State struct {
	Positions []ingest.Position
	// Window is the Engine's, nil at the first start. An earlier program had it
	// in the history itself: then it is Snapshot.
	Window   *Window
	Snapshot []byte
}

// Open opens the history in dir, making dir and file where they are missing,
// and checks all of it but the evidence. A file of an earlier program is brought
// to today's schema. Where the file is damaged it is renamed and an empty one is
// opened; setAside is then the new name of the damaged one. One of a later
// program is ErrNewer, and stays as it is.
func Open(dir string) (s *Store, st State, setAside string, err error) {
	if err = os.MkdirAll(dir, 0o700); err != nil {
		return nil, st, "", fmt.Errorf("make the state directory: %w", err)
	}
	path := filepath.Join(dir, FileName)
	s, st, err = open(path)
	if err == nil || !errors.Is(err, errDamaged) {
		return s, st, "", err
	}
	damage := err
	setAside = fmt.Sprintf("%s.damaged-%d", path, time.Now().Unix())
	if err = os.Rename(path, setAside); err != nil {
		return nil, State{}, "", fmt.Errorf("set the damaged history aside (%w): %w", damage, err)
	}
	s, st, err = open(path)
	return s, st, setAside, err
}

// errDamaged marks a file that is no bbolt file or holds records that cannot be.
var errDamaged = errors.New("the history file is damaged")

func open(path string) (*Store, State, error) {
	var s *Store
	var st State
	err := guarded(func() error {
		db, err := openDatabase(path, false)
		if err != nil {
			return err
		}
		s = &Store{db: db, dir: filepath.Dir(path)}
		if s.file, err = os.Stat(path); err != nil {
			return err
		}
		if err := s.prepare(); err != nil {
			return err
		}
		if err = s.Each(func(*Record) error { return nil }); err != nil {
			return err
		}
		if st, err = s.load(); err != nil {
			return err
		}
		s.window = st.Window
		s.numberWindows()
		return nil
	})
	if err != nil && s != nil {
		// A damaged map can make closing fail as well; the first error counts.
		_ = guarded(s.db.Close)
	}
	if err != nil {
		return nil, State{}, fmt.Errorf("open %s: %w", path, err)
	}
	return s, st, nil
}

// guarded turns the panics and memory faults with which bbolt answers a
// damaged or truncated file (it maps the file into memory) into errDamaged.
func guarded(f func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%w: %v", errDamaged, r)
		}
	}()
	return f()
}

// prepare brings the file to the schema of this program, in one transaction.
func (s *Store) prepare() error {
	return s.db.Update(func(tx *bolt.Tx) error {
		from, err := schemaOf(tx)
		if err != nil {
			return err
		}
		for _, name := range slices.Concat([][]byte{bucketMeta, bucketEvidence, bucketEvidenceOf}, layerBuckets) {
			if _, err := tx.CreateBucketIfNotExists(name); err != nil {
				return err
			}
		}
		if from == schema {
			return nil
		}
		return tx.Bucket(bucketMeta).Put(keySchema, strconv.AppendUint(nil, schema, 10))
	})
}

func (s *Store) load() (State, error) {
	var st State
	err := s.db.View(func(tx *bolt.Tx) error {
		meta := tx.Bucket(bucketMeta)
		if v := meta.Get(keyWindow); v != nil {
			var err error
			if st.Window, err = decodeWindow(v); err != nil {
				return err
			}
		} else if v := meta.Get(keySnapshot); v != nil {
			st.Snapshot = append([]byte(nil), v...)
		}
		if v := meta.Get(keyPlaces); v != nil {
			if err := json.Unmarshal(v, &st.Positions); err != nil {
				return fmt.Errorf("%w: read positions: %w", errDamaged, err)
			}
		}
		return nil
	})
	return st, err
}

// Checkpoint writes the positions and the name of the window that corresponds to
// them in one transaction, so that reading on after a crash counts each line once.
// The window's file is safe on disk before, and those of earlier windows go after.
func (s *Store) Checkpoint(positions []ingest.Position, w Window) error {
	if err := s.checkpoint(positions, w); err != nil {
		return fmt.Errorf("write a checkpoint to the history: %w", err)
	}
	s.window = &w
	s.removeWindows(func(n uint64) bool { return n < w.Number })
	return nil
}

func (s *Store) checkpoint(positions []ingest.Position, w Window) error {
	places, err := json.Marshal(positions)
	if err != nil {
		return err
	}
	name, err := json.Marshal(w)
	if err != nil {
		return err
	}
	if err := s.syncWindow(w); err != nil {
		return err
	}
	return s.update(func(tx *bolt.Tx) error {
		meta := tx.Bucket(bucketMeta)
		return errors.Join(meta.Put(keyPlaces, places), meta.Put(keyWindow, name), meta.Delete(keySnapshot))
	})
}

// errGone means that what is written will be gone when the service ends.
var errGone = errors.New("the history file was removed or replaced while the service has it open: restart the service")

// update is one transaction. What bbolt finds damaged only then is an error, and
// the file stays as it was.
func (s *Store) update(f func(*bolt.Tx) error) error {
	if now, err := os.Stat(s.db.Path()); err != nil || !os.SameFile(now, s.file) {
		return errGone
	}
	return guarded(func() error { return s.db.Update(f) })
}

// view is update for a transaction that only reads.
func (s *Store) view(f func(*bolt.Tx) error) error {
	return guarded(func() error { return s.db.View(f) })
}

// Close releases the file.
func (s *Store) Close() error { return s.db.Close() }

// Read calls f with each record of the history in dir, which stays as it is.
// Where the service has it open, ErrLocked is returned.
func Read(dir string, f func(*Record) error) error {
	return Ask(dir, func(s *Store) error { return s.Each(f) })
}

// Ask calls f with the history in dir opened to be read only. Where the service
// has it open, ErrLocked is returned.
func Ask(dir string, f func(*Store) error) error {
	path := filepath.Join(dir, FileName)
	err := guarded(func() error {
		db, err := openDatabase(path, true)
		if err != nil {
			return err
		}
		s := &Store{db: db}
		if err = s.known(); err == nil {
			err = f(s)
		}
		return errors.Join(err, db.Close())
	})
	if err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	return nil
}
