package report

import (
	"fmt"
	"os"
	"strconv"
	"unicode/utf8"

	"github.com/gocarina/gocsv"

	"qlik-provision/provision/roster"
)

// draftBatch is how many entries go through gocsv at a time.
const draftBatch = 256

// A draft is the file that will replace a result file, while it is written.
type draft struct {
	file    *os.File
	size    int64 // written
	changed bool  // a row differs from what was read

	source    *roster.File
	delimiter rune
	buf       []byte // on its way to the file

	blank []string // the cells of an entry that says nothing

	entries []Entry // of the rows whose other cells wait in text
	text    []byte
	cuts    []cut
	next    int // of cuts, while gocsv writes
}

// A cut is where a row's cells end in text: those before our columns, and those behind.
type cut struct{ before, behind int }

// newDraft creates a draft and writes the header: source's, with our columns where it has none. A file that was not plain UTF-8
// gets a byte order mark, so that the program that made it still knows how to read it.
func newDraft(p place, source *roster.File) (*draft, error) {
	blank, err := encode(Entry{})
	if err != nil {
		return nil, err
	}
	file, err := p.draft()
	if err != nil {
		return nil, err
	}
	d := &draft{file: file, source: source, delimiter: source.Dialect.Delimiter, blank: blank}
	if !source.Dialect.Plain {
		d.buf = append(d.buf, "\ufeff"...)
	}
	d.buf = source.AppendHeader(d.buf, 0, len(source.Header))
	if source.Block < 0 {
		for _, name := range Columns() {
			d.buf = append(utf8.AppendRune(d.buf, d.delimiter), name...)
		}
	}
	d.buf = append(d.buf, source.Dialect.LineEnd...)
	return d, nil
}

// copy writes a row as it was read.
func (d *draft) copy(rec *roster.Record) error {
	if err := d.flush(); err != nil {
		return err
	}
	d.buf = append(rec.AppendTo(d.buf, 0, len(d.source.Header)), d.source.Dialect.LineEnd...)
	return d.drain(64 << 10)
}

// write writes a row's cells as they were read, with an entry in our columns.
func (d *draft) write(rec *roster.Record, e Entry) error {
	d.changed = true
	before, behind := len(d.source.Header), len(d.source.Header)
	if d.source.Block >= 0 {
		before, behind = d.source.Block, d.source.Block+columns
	}
	if e == (Entry{Outcome: e.Outcome, UserSubject: e.UserSubject, Message: e.Message, Tenant: e.Tenant, Row: e.Row}) && behind == len(d.source.Header) {
		return d.writeUntried(rec, before, e)
	}
	d.text = rec.AppendTo(d.text, 0, before)
	c := cut{before: len(d.text)}
	if behind < len(d.source.Header) {
		d.text = utf8.AppendRune(d.text, d.delimiter)
		d.text = rec.AppendTo(d.text, behind, len(d.source.Header))
	}
	c.behind = len(d.text)
	d.cuts = append(d.cuts, c)
	d.entries = append(d.entries, e)
	if len(d.entries) < draftBatch {
		return nil
	}
	return d.flush()
}

// writeUntried writes a row that was not tried. In a new ledger these are all of them, so what gocsv made of an empty entry is
// filled in, which takes half the time.
func (d *draft) writeUntried(rec *roster.Record, before int, e Entry) error {
	if err := d.flush(); err != nil {
		return err
	}
	d.blank[outcomeColumn], d.blank[subjectColumn], d.blank[tenantColumn] = string(e.Outcome), e.UserSubject, e.Tenant
	d.blank[messageColumn], d.blank[rowColumn] = e.Message, strconv.Itoa(e.Row)
	d.buf = d.appendOurs(rec.AppendTo(d.buf, 0, before), d.blank)
	d.buf = append(d.buf, d.source.Dialect.LineEnd...)
	return d.drain(64 << 10)
}

// appendOurs appends our cells behind the export's.
func (d *draft) appendOurs(dst []byte, cells []string) []byte {
	for i, cell := range cells {
		if i > 0 || d.source.Block != 0 {
			dst = utf8.AppendRune(dst, d.delimiter)
		}
		dst = roster.AppendField(dst, cell, d.delimiter)
	}
	return dst
}

// flush has gocsv make cells of the entries that wait, and writes their rows.
func (d *draft) flush() error {
	if len(d.entries) == 0 {
		return nil
	}
	d.next = 0
	if err := gocsv.MarshalCSVWithoutHeaders(d.entries, (*batchWriter)(d)); err != nil {
		return err
	}
	d.entries, d.cuts, d.text = d.entries[:0], d.cuts[:0], d.text[:0]
	return d.drain(64 << 10)
}

// A batchWriter is the CSVWriter that gocsv hands a draft's entries to.
type batchWriter draft

func (b *batchWriter) Write(cells []string) error {
	from, c := 0, b.cuts[b.next]
	if b.next > 0 {
		from = b.cuts[b.next-1].behind
	}
	b.next++
	b.buf = append(b.buf, b.text[from:c.before]...)
	b.buf = (*draft)(b).appendOurs(b.buf, cells)
	b.buf = append(b.buf, b.text[c.before:c.behind]...)
	b.buf = append(b.buf, b.source.Dialect.LineEnd...)
	return nil
}

func (b *batchWriter) Flush()       {}
func (b *batchWriter) Error() error { return nil }

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
	err := d.flush()
	if err == nil {
		err = d.drain(0)
	}
	if err == nil {
		err = d.file.Sync()
	}
	err = both(err, d.file.Close())
	if err != nil {
		return fmt.Errorf("writing %s: %w", d.file.Name(), err)
	}
	return nil
}

// drop throws the draft away; it may be finished already.
func (d *draft) drop() {
	d.file.Close()
	os.Remove(d.file.Name())
}
