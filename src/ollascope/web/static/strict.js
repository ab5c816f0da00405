// Lets Plotly run under a policy without inline styles: it writes style attributes and elements as text, which browsers
// refuse, while the same through the object model, or with this answer's nonce, is allowed.

(() => {
  const nonce = document.currentScript.nonce;
  const set = Element.prototype.setAttribute;
  const create = Document.prototype.createElement;
  Element.prototype.setAttribute = function (name, value) {
    if (name === "style" && this.style) this.style.cssText = value;
    else set.call(this, name, value);
  };
  Document.prototype.createElement = function (name, options) {
    const made = create.call(this, name, options);
    if (String(name).toLowerCase() === "style") made.nonce = nonce;
    return made;
  };
})();
