package report

import (
	"fmt"
	"os"
	"time"

	"qlik-provision/provision/roster"
)

// busyPatience is how long a file that another program has open is waited for, where the system minds.
const busyPatience = 5 * time.Second

// renew checks a sheet as a whole and writes the result file from it, with every row that is not done checked anew; then it starts
// the journal. It closes the sheet.
func (l *Ledger) renew(s *sheet) error {
	l.columns, l.delim = s.file.Columns, s.file.Dialect.Delimiter
	d, err := l.rewrite(s)
	if err = both(err, s.close()); err != nil {
		d.drop()
		return err
	}
	if d != nil {
		l.options.after("draft finished")
		putBack := func() error { return nil }
		if s.handle == nil { // the old journal is thrown away with the old results
			if putBack, err = l.setJournalAside(); err != nil {
				d.drop()
				return err
			}
		}
		if err := l.place.replace(d.file.Name(), busyPatience); err != nil {
			d.drop()
			return both(fmt.Errorf("replacing %s: %w", l.place.name, err), putBack())
		}
		l.options.after("replaced")
		l.place.sweep()
	}
	if err == nil {
		err = l.removeJournal()
	}
	if err == nil {
		err = l.startJournal()
	}
	if err != nil && s.handle == nil {
		err = both(err, os.Remove(l.place.path)) // nothing in it was run
	}
	return err
}

// rewrite is the new file, finished, or nil where the one that is there can stay as it is.
func (l *Ledger) rewrite(s *sheet) (*draft, error) {
	v := newSurvey(s, &l.options)
	d, err := newDraft(l.place, s.file)
	if err != nil {
		return nil, err
	}
	// An export is written while it is checked, as if nobody in it claimed what is somebody else's: mostly that turns out to be so.
	hopeful := s.handle == nil
	changed := changes{list: list{options: &l.options}, name: l.place.name}
	err = l.check(v, func(r row) error {
		if !hopeful {
			return nil
		}
		return l.put(d, v, r, &changed)
	})
	if err == nil && (!hopeful || v.contested()) {
		err = l.putAll(d, v, &changed)
	}
	if err == nil {
		changed.end("such rows")
		err = d.finish()
	}
	if err != nil || s.handle != nil && !d.changed && d.size == s.info.Size() && s.private() {
		d.drop()
		return nil, err
	}
	return d, nil
}

// putAll writes every row of a sheet that is checked, whatever the draft holds already.
func (l *Ledger) putAll(d *draft, v *survey, c *changes) error {
	l.rows = 0
	clear(l.counts)
	err := d.restart()
	if err == nil {
		err = v.each(func(r row) error { return l.put(d, v, r, c) })
	}
	return err
}

// put writes one row to the draft: as it was read, where nothing is to be changed.
func (l *Ledger) put(d *draft, v *survey, r row, c *changes) error {
	l.rows++
	var old Entry
	if v.sheet.handle != nil {
		old = v.sheet.whole(r)
		r.Line = d.lines + 1 // on which it will be found, with what is said of it: blank lines go, and what had several of ours
	}
	e := v.decide(r, old, l.options)
	l.counts[e.Outcome]++
	if e == old && !r.replayed {
		return d.copy(r.Record)
	}
	if old.Row != 0 {
		c.see(r, old)
	}
	return d.write(r.Record, e)
}

// merge writes the file anew with the journal laid over it. Without an outcome there is nothing to write.
func (l *Ledger) merge() error {
	s, err := l.reopen()
	if err != nil {
		return err
	}
	s.file.Columns = roster.Columns{} // who they are does not matter any more
	s.replay, err = openReplay(l.place.journal(), l.place.journalName())
	recorded := l.recorded()
	if err != nil || recorded == 0 && s.replay.size() == 0 {
		return both(err, s.close())
	}
	d, found, err := l.merged(s)
	if err = both(err, s.close()); err == nil && found != recorded {
		// Somebody else has written to one of the two: what is left is not thrown away without a word.
		err = fmt.Errorf("of %d outcomes that were recorded, %d are in the journal and have a row in the file", recorded, found)
	}
	if err != nil {
		d.drop()
		return err
	}
	l.options.after("merged draft finished")
	if err := l.place.replace(d.file.Name(), busyPatience); err != nil {
		d.drop()
		return err
	}
	l.options.after("merged")
	return nil
}

// merged writes a draft of the file with the journal's outcomes in it, and counts them.
func (l *Ledger) merged(s *sheet) (d *draft, found int, err error) {
	if d, err = newDraft(l.place, s.file); err != nil {
		return nil, 0, err
	}
	for r, err := range s.rows() {
		found += r.counted
		switch {
		case err != nil:
		case r.replayed:
			err = d.write(r.Record, r.entry)
		default:
			err = d.copy(r.Record)
		}
		if err != nil {
			return d, found, err
		}
	}
	return d, found, d.finish()
}
