// Code in colours: comments, texts, numbers and keywords of common languages, as elements around text nodes.

const LONGEST = 50000; // what is longer stays plain

const C_LIKE = "auto|break|case|catch|class|const|continue|default|delete|do|else|enum|export|extends|extern|false|final|finally|fn|for|func|function|go|goto|if|impl|implements|import|in|instanceof|int|interface|let|long|map|match|mod|mut|namespace|new|nil|null|of|package|private|protected|pub|public|range|return|self|sizeof|static|string|struct|super|switch|template|this|throw|throws|trait|true|try|type|typedef|typeof|union|unsigned|use|using|var|void|volatile|while|with|yield|async|await|bool|boolean|char|double|float|undefined";
const PYTHON = "and|as|assert|async|await|break|class|continue|def|del|elif|else|except|False|finally|for|from|global|if|import|in|is|lambda|match|case|None|nonlocal|not|or|pass|raise|return|self|True|try|while|with|yield";
const SHELL = "if|then|else|elif|fi|for|in|do|done|while|until|case|esac|function|return|export|local|readonly|set|unset|echo|cd|exit|source|sudo";
const SQL = "select|from|where|group|by|order|having|join|left|right|inner|outer|on|as|and|or|not|null|is|in|insert|into|values|update|set|delete|create|table|index|view|drop|alter|primary|key|distinct|limit|offset|union|all|case|when|then|else|end|with|between|like|exists";

const HASH = "#[^\\n]*";
const SLASHES = "//[^\\n]*|/\\*[\\s\\S]*?(?:\\*/|$)";
const TEXTS = "\"(?:\\\\[\\s\\S]|[^\"\\\\\\n])*\"?|'(?:\\\\[\\s\\S]|[^'\\\\\\n])*'?";
const KINDS = {
  c: [SLASHES, `${TEXTS}|\`(?:\\\\[\\s\\S]|[^\`\\\\])*\`?`, C_LIKE, ""],
  python: [HASH, `"""[\\s\\S]*?(?:"""|$)|'''[\\s\\S]*?(?:'''|$)|${TEXTS}`, PYTHON, ""],
  shell: ["(?<=^|\\s)#[^\\n]*", TEXTS, SHELL, ""],
  sql: ["--[^\\n]*|/\\*[\\s\\S]*?(?:\\*/|$)", TEXTS, SQL, "i"],
  data: ["(?<=^|\\s)#[^\\n]*", TEXTS, "true|false|null|yes|no|on|off", ""],
  markup: ["<!--[\\s\\S]*?(?:-->|$)", TEXTS, "(?<=</?)[\\w-]+", ""],
};
const LANGUAGES = {
  py: "python", python: "python", python3: "python", rb: "python", ruby: "python", sh: "shell", bash: "shell", zsh: "shell", shell: "shell", console: "shell",
  dockerfile: "shell", makefile: "shell", sql: "sql", json: "data", yaml: "data", yml: "data", toml: "data", ini: "data", html: "markup", xml: "markup", svg: "markup",
};
for (const name of ["c", "cpp", "c++", "h", "cs", "csharp", "java", "kotlin", "js", "javascript", "ts", "typescript", "jsx", "tsx", "go", "rust", "rs", "swift", "php", "scala", "css", "dart"]) LANGUAGES[name] = "c";

const patterns = new Map();

/** The nodes of a piece of code. */
export function highlight(text, language) {
  const kind = LANGUAGES[language];
  if (!kind || text.length > LONGEST) return [document.createTextNode(text)];
  const found = [];
  let at = 0;
  for (const match of text.matchAll(patternOf(kind))) {
    const name = Object.keys(match.groups).find((one) => match.groups[one] !== undefined);
    if (!match[0]) continue;
    if (match.index > at) found.push(document.createTextNode(text.slice(at, match.index)));
    const piece = document.createElement("span");
    piece.className = `t-${name}`;
    piece.textContent = match[0];
    found.push(piece);
    at = match.index + match[0].length;
  }
  if (at < text.length) found.push(document.createTextNode(text.slice(at)));
  return found;
}

function patternOf(kind) {
  if (!patterns.has(kind)) {
    const [comment, texts, keywords, flags] = KINDS[kind];
    const words = kind === "markup" ? keywords : `\\b(?:${keywords})\\b`;
    const source = `(?<comment>${comment})|(?<text>${texts})|(?<keyword>${words})|(?<number>\\b(?:0[xXbBoO][\\da-fA-F_]+|\\d[\\d_]*(?:\\.\\d+)?(?:[eE][+-]?\\d+)?)\\b)|(?<name>\\b[A-Za-z_]\\w*(?=\\())`;
    patterns.set(kind, new RegExp(source, `gm${flags}`));
  }
  return patterns.get(kind);
}
