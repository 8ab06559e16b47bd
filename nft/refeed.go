package nft

// refeed puts the feed of the last SetFeed back if it is gone. A long one is put
// back in the background, because the caller of Ensure has bans to put back,
// which are worth more: those addresses did something here. If that fails,
// Intact says so.
func (t *Table) refeed() error {
	t.mu.Lock()
	ranges := t.filled
	t.mu.Unlock()
	if ranges == nil {
		return nil
	}
	if len(ranges[0])+len(ranges[1]) <= rangesPerBatch {
		return t.setFeedAgain()
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.refeeding && !t.closed {
		t.refeeding = true
		t.background.Go(func() {
			_ = t.setFeedAgain() // nobody waits for it; Intact compares
			t.mu.Lock()
			t.refeeding = false
			t.mu.Unlock()
		})
	}
	return nil
}

// setFeedAgain does what the last SetFeed did.
func (t *Table) setFeedAgain() error {
	t.feedMu.Lock()
	defer t.feedMu.Unlock()
	t.mu.Lock()
	ranges := t.filled
	t.mu.Unlock()
	return t.setFeed(*ranges)
}
