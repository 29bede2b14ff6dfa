package report

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"
	"unicode/utf8"

	"qlik-provision/provision/csvfile"
)

// Close writes the result file, removes the journal and releases the lock. Where the file cannot be replaced
// it fails with ErrNotReplaced, and the journal stays. A ledger that was not prepared leaves everything as it
// was. Calling it again does nothing.
func (l *Ledger) Close() error {
	var err error
	if l.journal != nil {
		err = l.finish()
	}
	err = errors.Join(err, l.lock.release())
	l.journal, l.lock = nil, nil
	return err
}

// finish ends the journal and merges its results into the file.
func (l *Ledger) finish() error {
	inPlace, _ := standsAt(l.journal.file, l.files.journalPath())
	synced := l.journal.close() // where it fails, the file that is written now has the results all the same
	if l.unsaved {
		err := l.checkUnchanged()
		if err == nil {
			err = l.save(patienceAtEnd)
		}
		if err != nil {
			where := "the results are in " + l.files.journalName()
			if !inPlace {
				if lost := l.restoreJournal(); lost != nil {
					err, where = errors.Join(err, lost), "its journal was removed, and could not be written again"
				}
			}
			return fmt.Errorf("%s %w: %w; %s", l.files.name, ErrNotReplaced, errors.Join(err, synced), where)
		}
	}
	if !inPlace {
		l.notify("%s was removed or replaced during the run; %s has all results", l.files.journalName(), l.files.name)
		return nil
	}
	return l.files.remove(l.files.journalPath(), patienceAtEnd)
}

// restoreJournal writes the journal again, which was removed during the run, with the results of the run.
func (l *Ledger) restoreJournal() error {
	j, err := startJournal(l.files)
	if err != nil {
		return err
	}
	for i := range l.rows {
		r := &l.rows[i]
		if r.Reached {
			err = errors.Join(err, j.record(r.Entry))
		}
	}
	return errors.Join(err, j.close())
}

// checkUnchanged fails where another program has changed the result file since this run read or wrote it. A
// file that was removed is written again.
func (l *Ledger) checkUnchanged() error {
	now, err := os.Lstat(l.files.path)
	switch {
	case err != nil:
		return ignoreMissing(err)
	case l.lastSeen == nil || !os.SameFile(now, l.lastSeen) || now.Size() != l.lastSeen.Size() ||
		!now.ModTime().Equal(l.lastSeen.ModTime()):
		return errors.New("another program changed it meanwhile")
	}
	return nil
}

// save writes the rows beside the result file and renames that over it.
func (l *Ledger) save(patience time.Duration) error {
	file, err := l.files.createTemp()
	if err != nil {
		return err
	}
	name := file.Name()
	err = l.files.do("write", name, func() error { return writeRows(file, l.export, l.rows) })
	if err == nil {
		err = l.files.do("sync", name, file.Sync)
	}
	if err = errors.Join(err, file.Close()); err != nil {
		os.Remove(name)
		return fmt.Errorf("writing %s: %w", name, err)
	}
	if err = l.awaitReplaceable(patience); err == nil {
		if err = l.files.rename(name, l.files.path, patience); err != nil {
			err = fmt.Errorf("replacing %s: %w", l.files.name, err)
		}
	}
	if err != nil {
		return errors.Join(err, ignoreMissing(os.Remove(name)))
	}
	l.unsaved = false
	l.lastSeen, err = os.Lstat(l.files.path)
	return err
}

// awaitReplaceable waits until the result file can be replaced, and tells that it waits. After patience it fails as
// checkReplaceable does.
func (l *Ledger) awaitReplaceable(patience time.Duration) error {
	check := func() error { return checkReplaceable(l.files.path, l.files.name) }
	err := check()
	if !isBusy(err) {
		return err
	}
	l.notify("%s is open in another program; waiting %v for it to be closed", l.files.name, patience)
	return retryBusy(patience, isBusy, check)
}

// writeRows writes a result file: the export's cells as they were read, with ours behind them or in the place
// of ours.
func writeRows(file *os.File, export *csvfile.File, rows []Row) error {
	w := &rowWriter{export: export, out: bufio.NewWriterSize(file, 64<<10)}
	if !export.Dialect.Plain() {
		w.buf = append(w.buf, "\ufeff"...) // a program that wrote another encoding has to recognize UTF-8
	}
	if err := w.write(&export.Header, Columns()); err != nil {
		return err
	}
	var entries batch
	for some := range slices.Chunk(rows, batchSize) {
		for i := range some {
			entries[i] = some[i].Entry
		}
		i := -1
		err := encodeEntries(&entries, len(some), func(cells []string) error {
			i++
			return w.write(some[i].Record, cells)
		})
		if err != nil {
			return err
		}
	}
	return w.out.Flush()
}

// A rowWriter writes records of an export with our cells.
type rowWriter struct {
	export *csvfile.File
	out    *bufio.Writer
	buf    []byte // of one record
}

func (w *rowWriter) write(r *csvfile.Record, cells []string) error {
	d := w.export.Dialect
	width := len(w.export.Header.Cells)
	before, behind := width, width
	if w.export.Block >= 0 {
		before, behind = w.export.Block, w.export.BlockEnd
	}
	b := w.export.AppendCells(w.buf, r, 0, before)
	for i, cell := range cells {
		if i > 0 || before > 0 {
			b = utf8.AppendRune(b, d.Delimiter)
		}
		b = csvfile.AppendCell(b, cell, d.Delimiter)
	}
	if behind < width {
		b = w.export.AppendCells(utf8.AppendRune(b, d.Delimiter), r, behind, width)
	}
	b = append(b, d.LineEnd...)
	w.buf = b[:0]
	_, err := w.out.Write(b)
	return err
}
