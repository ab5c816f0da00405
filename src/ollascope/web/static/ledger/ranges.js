// A form with a range of time: its own beginning and end in the viewer's zone.

function local(seconds) {
  const at = new Date(seconds * 1000);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60000).toISOString().slice(0, 19);
}

/** Show the fields of an own range where it is chosen, and send instants instead of what a clock shows. */
export function ranges(form) {
  const range = form.elements.range;
  const fields = [...form.querySelectorAll("[data-fills]")];
  const show = () => form.querySelectorAll(".own").forEach((one) => (one.hidden = range.value !== "own"));
  fields.forEach((field) => {
    const hidden = form.elements[field.dataset.fills];
    if (hidden.value) field.value = local(Number(hidden.value));
  });
  range.addEventListener("change", show);
  form.addEventListener("submit", () => {
    fields.forEach((field) => {
      form.elements[field.dataset.fills].value = range.value === "own" && field.value ? String(new Date(field.value).getTime() / 1000) : "";
    });
    [...form.elements].forEach((one) => { if (one.name && !one.value) one.disabled = true; });
  });
  window.addEventListener("pageshow", () => [...form.elements].forEach((one) => (one.disabled = false)));
  show();
}
