package report

import (
	"fmt"
	"io"
	"os"
	"unicode/utf8"

	"qlik-provision/provision/roster"
)

// A draft is the file that will replace a result file, while it is written.
type draft struct {
	place   place
	file    *os.File
	size    int64 // written
	lines   int   // of what was written, on its way included
	changed bool  // a row differs from what was read

	source    *roster.File
	delimiter rune
	buf       []byte // on its way to the file
}

// newDraft creates a draft and writes the header.
func newDraft(p place, source *roster.File) (*draft, error) {
	file, err := p.draft()
	if err != nil {
		return nil, err
	}
	d := &draft{place: p, file: file, source: source, delimiter: source.Dialect.Delimiter}
	d.header()
	return d, nil
}

// header writes the source's header, with our columns where it has none. A file that was not plain UTF-8 gets a byte order mark, so that
// the program that made it still knows how to read it.
func (d *draft) header() {
	if !d.source.Dialect.Plain {
		d.buf = append(d.buf, "\ufeff"...)
	}
	d.buf = d.source.AppendHeader(d.buf, 0, len(d.source.Header))
	if d.source.Block < 0 {
		for _, name := range Columns() {
			d.buf = append(utf8.AppendRune(d.buf, d.delimiter), name...)
		}
	}
	d.buf = append(d.buf, d.source.Dialect.LineEnd...)
	d.lines = roster.LineEnds(d.buf)
}

// restart throws away what was written but for the header.
func (d *draft) restart() error {
	d.buf, d.size, d.changed = d.buf[:0], 0, false
	d.header()
	_, err := d.file.Seek(0, io.SeekStart)
	return both(err, d.file.Truncate(0))
}

// copy writes a row as it was read.
func (d *draft) copy(rec *roster.Record) error {
	from := len(d.buf)
	d.buf = rec.AppendTo(d.buf, 0, len(d.source.Header))
	return d.end(from)
}

// write writes a row's cells as they were read, with an entry in our columns.
func (d *draft) write(rec *roster.Record, e Entry) error {
	d.changed = true
	before, behind := len(d.source.Header), len(d.source.Header)
	if d.source.Block >= 0 {
		before, behind = d.source.Block, d.source.Block+columns
	}
	from := len(d.buf)
	d.buf = rec.AppendTo(d.buf, 0, before)
	for i, cell := range e.cells() {
		if i > 0 || before > 0 {
			d.buf = utf8.AppendRune(d.buf, d.delimiter)
		}
		d.buf = roster.AppendField(d.buf, cell, d.delimiter)
	}
	if behind < len(d.source.Header) {
		d.buf = rec.AppendTo(utf8.AppendRune(d.buf, d.delimiter), behind, len(d.source.Header))
	}
	return d.end(from)
}

// end ends the row that begins at from.
func (d *draft) end(from int) error {
	d.buf = append(d.buf, d.source.Dialect.LineEnd...)
	d.lines += roster.LineEnds(d.buf[from:])
	return d.drain(64 << 10)
}

// drain hands the buffer to the file where it holds more than so many bytes.
func (d *draft) drain(most int) error {
	if len(d.buf) <= most {
		return nil
	}
	n, err := d.file.Write(d.buf)
	d.size += int64(n)
	d.buf = d.buf[:0]
	return err
}

// finish has everything on the disk, and closes the file.
func (d *draft) finish() error {
	err := d.drain(0)
	if err == nil {
		err = d.place.sync(d.file)
	}
	err = both(err, d.file.Close())
	if err != nil {
		return fmt.Errorf("writing %s: %w", d.file.Name(), err)
	}
	return nil
}

// drop throws the draft away, nil for none; it may be finished already.
func (d *draft) drop() {
	if d == nil {
		return
	}
	d.file.Close()
	os.Remove(d.file.Name())
}
