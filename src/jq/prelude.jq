# What jq defines by other filters. Names that start with @ are natives of ours, which no program can call.

def error(f): f | error;
def abs: if . < 0 then -. else . end;
def not: if . then false else true end;
def select(f): if f then . else empty end;
def values: select(. != null);
def nulls: select(. == null);
def booleans: select(type == "boolean");
def numbers: select(type == "number");
def strings: select(type == "string");
def arrays: select(type == "array");
def objects: select(type == "object");
def iterables: select(type | . == "array" or . == "object");
def scalars: select(type | . != "array" and . != "object");
def finites: select(type == "number" and (isinfinite | not));
def normals: select(isnormal);
def isfinite: type == "number" and (isinfinite | not);

# Iteration
def recurse(f): def r: ., (f | r); r;
def recurse(f; cond): def r: ., (f | select(cond) | r); r;
def recurse: recurse(.[]?);
def repeat(f): def r: f, r; r;
def while(cond; update): def r: if cond then ., (update | r) else empty end; r;
def until(cond; update): def r: if cond then . else update | r end; r;
def range($from; $upto): @range($from; $upto; 1);
def range($upto): @range(0; $upto; 1);
def range($from; $upto; $by):
  def number: type == "number" and (isnan | not);
  if ($from | number) and ($upto | number) and ($by | number) then @range($from; $upto; $by)
  elif $by > 0 then $from | while(. < $upto; . + $by)
  elif $by < 0 then $from | while(. > $upto; . + $by)
  else empty end;
def first(f): @first(f);
def first: .[0];
def last: .[-1];
def last(f): @last(f);
def nth($n): .[$n];
def limit($n; f):
  if $n > 0 then @limit($n; f) elif $n == 0 then empty
  else error("limit doesn't support negative count") end;
def skip($n; f):
  if $n > 0 then @skip($n | floor; f) elif $n == 0 then f
  else error("skip doesn't support negative count") end;
def nth($n; f):
  if $n < 0 then error("nth doesn't support negative indices") else first(skip($n; f)) end;
def isempty(f): label $out | (f | false, break $out), true;
def add(f): reduce f as $x (null; . + $x);
def any(f; cond): isempty(first(f | cond | select(.))) | not;
def any(cond): any(.[]; cond);
def any: any(.);
def all(f; cond): isempty(first(f | cond | select(not)));
def all(cond): all(.[]; cond);
def all: all(.);
def in(xs): . as $x | xs | has($x);
def inside(xs): . as $x | xs | contains($x);
def input: error("break");
def inputs: empty;
def debug: .;
def debug(f): (f | empty), .;
def stderr: .;
def halt_error($code): if ($code | type) == "number" then halt else error("halt_error/1: number required") end;
def halt_error: halt_error(5);
def env: $ENV;

# Numbers
def gamma: lgamma;
def lgamma_r: [lgamma, (if (. < 0 and (floor % 2) != 0) or (. == 0 and copysign(1; .) < 0) then -1 else 1 end)];
def drem($x; $y): remainder($x; $y);
def nexttoward($x; $y): nextafter($x; $y);

# Paths
def setpath(p; v): v as $value | p as $path | @setpath($path; $value);
def @assign(p; $value): reduce path(p) as $path (.; setpath($path; $value));
def @modify(p; f):
  reduce path(p) as $path ([., []];
    .[0] as $whole | .[1] as $gone
    | [@first($whole | getpath($path) | f)] as $new
    | if ($new | length) == 0 then [$whole, $gone + [$path]]
      else [($whole | setpath($path; $new[0])), $gone] end)
  | .[1] as $gone | .[0] | delpaths($gone);
def paths: path(..) | select(length > 0);
def paths(f): path(.. | select(f)) | select(length > 0);
def del(f): delpaths([path(f)]);
def pick(f): . as $whole | reduce path(f) as $path (null; setpath($path; $whole | getpath($path)));
def tostream:
  path(def r: (.[]? | r), .; r) as $path | getpath($path)
  | reduce path(.[]?) as $inner ([$path, .]; [$path + $inner]);
def fromstream(f):
  foreach f as $event ({whole: null, done: false};
    (if .done then {whole: null, done: false} else . end) as $state
    | if ($event | length) == 2
      then {whole: ($state.whole | setpath($event[0]; $event[1])), done: ($event[0] | length == 0)}
      else {whole: $state.whole, done: ($event[0] | length == 1)} end;
    if .done then .whole else empty end);
def truncate_stream(f):
  . as $depth | null | f
  | if (.[0] | length) > $depth then setpath([0]; .[0][$depth:]) else empty end;

# Collections
def map(f): [.[] | f];
def map_values(f): .[] |= f;
def walk(f):
  def w: if type == "object" then map_values(w) elif type == "array" then map(w) else . end | f;
  w;
def from_entries:
  reduce .[] as $entry ({};
    . + {($entry | .key // .Key // .name // .Name): ($entry | if has("value") then .value else .Value end)});
def with_entries(f): to_entries | map(f) | from_entries;
def sort_by(f): @sort_by(map([f]));
def group_by(f): @group_by(map([f]));
def unique_by(f): @unique_by(map([f]));
def min_by(f): @min_by(map([f]));
def max_by(f): @max_by(map([f]));
def @flatten($depth):
  reduce .[] as $item ([];
    if ($item | type) == "array" and $depth != 0 then . + ($item | @flatten($depth - 1)) else . + [$item] end);
def flatten($depth): if $depth < 0 then error("flatten depth must not be negative") else @flatten($depth) end;
def flatten: flatten(1e9);
def transpose: [range((map(length) | max) // 0) as $column | [.[][$column]]];
def combinations:
  if length == 0 then [] else .[0][] as $first | (.[1:] | combinations) as $rest | [$first] + $rest end;
def combinations(n): . as $items | [range(n)] | map($items) | combinations;
def indices($x):
  if type == "array" and ($x | type) == "array" then .[$x]
  elif type == "array" then .[[$x]]
  elif type == "string" and ($x | type) == "string" then @indices($x)
  else .[$x] end;
def index($x): indices($x) | .[0];
def rindex($x): indices($x) | .[-1:][0];
def IN(f): any(f == .; .);
def IN(xs; f): any(xs == f; .);
def INDEX(rows; f): reduce rows as $row ({}; .[$row | f | tostring] |= $row);
def INDEX(f): INDEX(.[]; f);
def JOIN($index; f): [.[] | [., $index[f]]];
def JOIN($index; rows; f): rows | [., $index[f]];
def JOIN($index; rows; f; combine): rows | [., $index[f]] | combine;

# Regular expressions
def match($re; $flags): @matches($re; $flags)[];
def @with_flags($re; f):
  ($re | type) as $type
  | if $type == "string" then [$re, null]
    elif $type == "array" and ($re | length) > 1 then $re
    elif $type == "array" and ($re | length) > 0 then [$re[0], null]
    else error($type + " not a string or array") end
  | f;
def match($re): . as $text | @with_flags($re; .) as $both | $text | match($both[0]; $both[1]);
def test($re; $flags): @test($re; $flags);
def test($re): . as $text | @with_flags($re; .) as $both | $text | test($both[0]; $both[1]);
def @captures: reduce (.captures[] | select(.name != null)) as $group ({}; . + {($group.name): $group.string});
def capture($re; $flags): match($re; $flags) | @captures;
def capture($re): match($re) | @captures;
def scan($re; $flags):
  match($re; "g" + $flags) | if (.captures | length) > 0 then [.captures[].string] else .string end;
def scan($re): scan($re; null);
def split($re; $flags):
  . as $text
  | [foreach ((match($re; $flags + "g") | [.offset, .length]), null) as $m ([0, null];
      .[0] as $from
      | if $m == null then [$from, $text[$from:]] else [$m[0] + $m[1], $text[$from:$m[0]]] end;
      .[1])];
def splits($re; $flags): split($re; $flags)[];
def splits($re): splits($re; null);
def sub($re; f; $flags): @sub($re; $flags; f);
def sub($re; f): sub($re; f; "");
def gsub($re; f; $flags): sub($re; f; $flags + "g");
def gsub($re; f): sub($re; f; "g");

# Time
def todate: strftime("%Y-%m-%dT%H:%M:%SZ");
def todateiso8601: strftime("%Y-%m-%dT%H:%M:%SZ");
def fromdateiso8601: strptime("%Y-%m-%dT%H:%M:%SZ") | mktime;
def fromdate: fromdateiso8601;
def localtime: gmtime;
