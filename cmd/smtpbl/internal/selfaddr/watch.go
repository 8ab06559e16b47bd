package selfaddr

import (
	"fmt"
	"sync"

	"github.com/vishvananda/netlink"
)

// Watch sends on the returned channel when addresses, routes or interfaces of
// this network namespace changed, until done is closed. Changes that come
// close together may be sent as one; what changed before Watch returned is not
// told. The channel is closed when one of the subscriptions is lost, as the
// kernel ends that of a reader who is too slow: the others would hide it.
func Watch(done <-chan struct{}) (<-chan struct{}, error) {
	f := &following{changed: make(chan struct{}, 1), stop: make(chan struct{}), lost: make(chan struct{}, 3)}
	err := follow(f, "own addresses", netlink.AddrSubscribe)
	if err == nil {
		err = follow(f, "routes", netlink.RouteSubscribe)
	}
	if err == nil { // a port that joins or leaves a bridge
		err = follow(f, "interfaces", netlink.LinkSubscribe)
	}
	if err != nil {
		close(f.stop)
		return nil, err
	}
	go f.untilEnd(done)
	return f.changed, nil
}

// following is what the subscriptions of one Watch share.
type following struct {
	changed chan struct{}
	stop    chan struct{} // ends them
	lost    chan struct{} // has room for all of them
	readers sync.WaitGroup
}

// untilEnd ends all subscriptions when done is closed or one of them is lost.
func (f *following) untilEnd(done <-chan struct{}) {
	select {
	case <-done:
	case <-f.lost:
	}
	close(f.stop)
	f.readers.Wait()
	close(f.changed)
}

// follow subscribes to one kind of update.
func follow[U any](f *following, what string, subscribe func(chan<- U, <-chan struct{}) error) error {
	updates := make(chan U)
	if err := subscribe(updates, f.stop); err != nil {
		return fmt.Errorf("watch %s: %w", what, err)
	}
	f.readers.Go(func() {
		for range updates {
			select {
			case f.changed <- struct{}{}:
			default:
			}
		}
		f.lost <- struct{}{}
	})
	return nil
}
