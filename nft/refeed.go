package nft

// refeed puts the feed of the last SetFeed back if it is gone. A long one is put
// back in the background, because the caller of Ensure has bans to put back,
// which are worth more: those addresses did something here. So is a short one
// while a SetFeed is under way, which can take long. If it fails, Intact says so.
func (t *Table) refeed() {
	t.mu.Lock()
	ranges := t.filled
	t.mu.Unlock()
	if ranges == nil {
		return
	}
	if len(ranges[0])+len(ranges[1]) <= rangesPerBatch && t.feedMu.TryLock() {
		defer t.feedMu.Unlock()
		t.setFeedAgain()
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return
	}
	if t.refeeds++; t.refeeds == 1 {
		t.background.Go(t.refeedAll)
	}
}

// refeedAll puts the feed back until nobody has asked for it meanwhile: the
// table may have been deleted right after it was done.
func (t *Table) refeedAll() {
	for asked := 1; asked > 0; {
		t.mu.Lock()
		serving := t.refeeds
		t.mu.Unlock()
		t.feedMu.Lock()
		t.setFeedAgain()
		t.feedMu.Unlock()
		t.mu.Lock()
		t.refeeds -= serving
		asked = t.refeeds
		t.mu.Unlock()
	}
}

// setFeedAgain does what the last SetFeed did. Nobody waits for the error:
// Intact compares.
func (t *Table) setFeedAgain() {
	t.mu.Lock()
	ranges := t.filled
	t.mu.Unlock()
	_ = t.setFeed(*ranges)
}
