const box = document.querySelector('input'), told = document.querySelector('output');
const topics = [...document.querySelectorAll('[data-find]')];
box.addEventListener('input', () => {
  const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const topic of topics) {
    topic.hidden = !words.every((word) => topic.dataset.find.includes(word));
    shown += topic.hidden ? 0 : 1;
  }
  told.textContent = words.length ? `${shown} of ${topics.length}` : '';
});
document.querySelector('.filter').hidden = false;
