package monitoring

import (
	"encoding/json"
	"regexp"
	"slices"
	"testing"
)

// dashboard is what is checked of it (grafana.com/docs, "JSON model").
type dashboard struct {
	UID           string  `json:"uid"`
	Title         string  `json:"title"`
	SchemaVersion int     `json:"schemaVersion"`
	Panels        []panel `json:"panels"`
	Templating    struct {
		List []struct {
			Name       string     `json:"name"`
			Type       string     `json:"type"`
			Datasource datasource `json:"datasource"`
		} `json:"list"`
	} `json:"templating"`
}

type panel struct {
	ID          int        `json:"id"`
	Type        string     `json:"type"`
	Title       string     `json:"title"`
	Description string     `json:"description"`
	Datasource  datasource `json:"datasource"`
	Place       place      `json:"gridPos"`
	FieldConfig struct {
		Defaults struct {
			Unit string `json:"unit"`
		} `json:"defaults"`
	} `json:"fieldConfig"`
	Targets []target `json:"targets"`
}

type datasource struct {
	Type string `json:"type"`
	UID  string `json:"uid"`
}

type target struct {
	RefID      string     `json:"refId"`
	Datasource datasource `json:"datasource"`
	Expr       string     `json:"expr"`
	Legend     string     `json:"legendFormat"`
}

// place is in units of Grafana's grid, which is 24 wide.
type place struct{ X, Y, W, H int }

const gridWidth = 24

func (p place) overlaps(q place) bool {
	return p.X < q.X+q.W && q.X < p.X+p.W && p.Y < q.Y+q.H && q.Y < p.Y+p.H
}

// chosen is the data source that the user chooses above the dashboard.
var chosen = datasource{Type: "prometheus", UID: "${datasource}"}

func read(t *testing.T) dashboard {
	t.Helper()
	var d dashboard
	if err := json.Unmarshal(Dashboard, &d); err != nil {
		t.Fatal(err)
	}
	return d
}

func TestDashboardFitsTheGrid(t *testing.T) {
	d := read(t)
	// 36 is the schema of Grafana 9.0.
	if d.UID == "" || d.Title == "" || d.SchemaVersion < 36 || len(d.Panels) == 0 {
		t.Fatalf("uid %q, title %q, schema %d, %d panels", d.UID, d.Title, d.SchemaVersion, len(d.Panels))
	}
	for i, p := range d.Panels {
		if p.ID == 0 || p.Title == "" || p.Place.W <= 0 || p.Place.H <= 0 || p.Place.X < 0 || p.Place.X+p.Place.W > gridWidth {
			t.Errorf("panel %d %q is at %+v", p.ID, p.Title, p.Place)
		}
		for _, q := range d.Panels[:i] {
			if p.ID == q.ID || p.Title == q.Title || p.Place.overlaps(q.Place) {
				t.Errorf("panel %d %q at %+v and panel %d %q at %+v do not go together", p.ID, p.Title, p.Place, q.ID, q.Title, q.Place)
			}
		}
	}
}

func TestDashboardPanelsExplainThemselves(t *testing.T) {
	for _, p := range read(t).Panels {
		if p.Type == "row" {
			continue
		}
		if p.Description == "" || p.FieldConfig.Defaults.Unit == "" || p.Datasource != chosen || len(p.Targets) == 0 {
			t.Errorf("panel %q: description %q, unit %q, data source %v, %d targets",
				p.Title, p.Description, p.FieldConfig.Defaults.Unit, p.Datasource, len(p.Targets))
		}
		var refs []string
		for _, q := range p.Targets {
			if q.Datasource != chosen || q.Expr == "" || q.Legend == "" || slices.Contains(refs, q.RefID) {
				t.Errorf("panel %q: target %+v", p.Title, q)
			}
			refs = append(refs, q.RefID)
		}
	}
}

// variable finds what Grafana replaces.
var variable = regexp.MustCompile(`\$\{?(\w+)`)

func TestDashboardVariables(t *testing.T) {
	d := read(t)
	known := []string{"__rate_interval"}
	for _, v := range d.Templating.List {
		known = append(known, v.Name)
		if v.Type == "query" && v.Datasource != chosen {
			t.Errorf("variable %q asks %v", v.Name, v.Datasource)
		}
	}
	for _, name := range []string{"datasource", "job", "instance"} {
		if !slices.Contains(known, name) {
			t.Errorf("no variable %q", name)
		}
	}
	for _, p := range d.Panels {
		for _, q := range p.Targets {
			for _, m := range variable.FindAllStringSubmatch(q.Expr, -1) {
				if !slices.Contains(known, m[1]) {
					t.Errorf("panel %q uses the unknown variable %s", p.Title, m[0])
				}
			}
		}
	}
}
