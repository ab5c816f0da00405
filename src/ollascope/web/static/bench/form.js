// The form of a test: only the fields of the chosen load are shown and sent.

const form = document.getElementById("new-test");

function choose() {
  const shape = form.elements.shape.value;
  form.querySelectorAll("[data-for]").forEach((one) => {
    const fits = one.dataset.for.split(" ").includes(shape);
    one.hidden = !fits;
    one.querySelectorAll("input, select").forEach((field) => (field.disabled = !fits));
  });
}

form.querySelectorAll("input[name=shape]").forEach((one) => one.addEventListener("change", choose));
choose();
