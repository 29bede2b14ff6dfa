package qlik

import (
	"context"
	"encoding/json"
	"errors"
	"time"
)

// A listing is all pages of a list.
type listing[T any] struct {
	items    []T
	date     time.Time // of the last page, by the tenant's clock; zero: none
	requests int       // one for each page
}

// maxPages bounds how many pages are read: a tenant has 516 roles at most, and 96 terms rarely find more users than fit
// on one page.
const maxPages = 50

// pages reads a list, page by page, until there is no next one. Any error discards the pages before it.
func pages[T any](ctx context.Context, c *Client, r request) (listing[T], error) {
	type page struct {
		Data  []T `json:"data"`
		Links struct {
			Next struct {
				Href string `json:"href"`
			} `json:"next"`
		} `json:"links"`
	}
	var all listing[T]
	for range maxPages {
		p, got, err := fetch[page](ctx, c, r)
		if err != nil {
			return listing[T]{}, err
		}
		if p.Data == nil { // not even an empty list
			return listing[T]{}, c.garbled(got, errors.New("there is no list in it"))
		}
		all.items = append(all.items, p.Data...)
		all.date = got.date
		all.requests++
		if p.Links.Next.Href == "" {
			return all, nil
		}
		if r.url, err = c.tenant.resolve(r.url, p.Links.Next.Href); err != nil {
			return listing[T]{}, c.garbled(got, err)
		}
	}
	return listing[T]{}, c.garbled(answer{status: 200}, errors.New("its pages do not end"))
}

// tolerant decodes an object of the tenant's into v. A field of the wrong type stays empty and is no error: it must not
// hide the others.
func tolerant(b []byte, v any) error {
	err := json.Unmarshal(b, v)
	if _, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return nil
	}
	return err
}
